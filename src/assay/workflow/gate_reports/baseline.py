"""A run beside an earlier one: the paired difference that a baseline gate is judged by."""

from pathlib import Path

from assay.core.errors import AssayError
from assay.evaluation.compare import lay_out, need_same_test
from assay.workflow.compare_runs import read_entries
from assay.workflow.quality_gates.judging import Difference


def differences_to(baseline: Path, run: Path) -> dict[str, Difference]:
    """The accuracy of each model of `run` minus that of `baseline`, by the folder's name ("" for one model).

    Raises AssayError `different-test-data`, `run-not-evaluated`, `not-a-run-folder`, `run-damaged`, and
    `bad-value` for a baseline of several models.
    """
    before, now = read_entries([baseline]), read_entries([run])
    if len(before) != 1:
        fix = "Name the folder of one: RUN/models/NAME."
        raise AssayError("bad-value", baseline, "a baseline is one model, it has several", fix)
    found = {}
    for entry in now:
        need_same_test([before[0].candidate, entry.candidate], baseline)
        pair = lay_out([before[0].candidate, entry.candidate]).pairs[0]
        low, high = pair.interval or (None, None)
        name = "" if len(now) == 1 else entry.folder.name
        found[name] = Difference(str(baseline), pair.difference, low, high)
    return found
