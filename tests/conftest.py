"""How Hypothesis searches, and the record of a long run.

The same examples in every run, so that a change and not luck turns a test red.
`pytest --hypothesis-profile search` looks further, at random; what it finds becomes an example of its own.
"""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from kept_decoder import end_all, kept
from torture.record import RESULTS, Record

HERE = Path(__file__).resolve().parent

settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.register_profile("search", max_examples=2000, deadline=None)
settings.load_profile("repeatable")

# Commands that lines tell are typed with `python3`: here this one, whatever the machine's own has installed.
os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])


#: Tests that `make check` leaves to `make test`, by the beginning of their path below this folder, and why.
SLOW = {
    "audits/checks/test_duplicates.py": "every kind of copy, on gray and color pictures of several sizes",
    "audits/checks/test_label_errors.py": "whole audits of sets with wrong labels",
    "audits/measures/test_cross_validated.py": "the reference fitted to many sets",
    "audits/measures/test_label_quality.py": "whole audits of sets with wrong labels",
    "audits/self_test/": "every kind of fault is planted and looked for",
    "audits/test_clean_twin.py": "a whole audit for every check, with its fault and without",
    "audits/test_run.py": "whole audits, kept and fresh",
    "cli/test_commands.py": "whole commands, one after the other",
    "cli/test_next_lines.py": "every command, and the one that it proposes",
    "cli/test_terminal.py": "whole commands in processes and terminals of their own",
    "data/decoding/test_worker_pool.py": "decoders that hang are waited for",
    "data/formats/test_archive.py": "archives cut and changed at many places",
    "data/sources/test_image_sources.py": "hundreds of folders and tables, written and read",
    "data/test_convert.py": "the sample in every form, audited in each",
    "data/test_corpus.py": "hundreds of malformed files, each read in a process",
    "deployment/test_predict.py": "runs of several recipes",
    "reports/page/test_html.py": "whole pages of many kinds of data",
    "reports/page/test_page_size.py": "200,000 findings, simulated and shown",
    "reports/test_look_at.py": "whole runs",
    "reports/test_numbers_of_runs.py": "whole runs",
    "test_ci_kit.py": "whole commands in processes of their own",
    "test_docstring_examples.py": "whole runs",
    "test_site.py": "the whole documentation, built twice",
    "test_examples.py": "whole examples in processes of their own",
    "test_contributing.py": "whole commands on a copy of the package",
    "torture/": "processes that are killed, and disks that refuse",
    "training/closed_forms/test_closed_forms.py": "whole runs without torch",
    "training/loop/test_checkpoint_file.py": "every technique stopped at every step",
    "training/loop/test_data_parallel.py": "three processes that train together",
    "training/loop/test_warm_start.py": "several trainings each",
    "training/nets/test_nets.py": "every recipe for many shapes of images",
    "workflow/engines/test_training_workers.py": "runs by several processes, killed and resumed",
    "workflow/test_compare_runs.py": "several runs each",
    "workflow/test_evidence.py": "several runs each",
    "workflow/test_model_grid.py": "runs of several models, stopped and resumed",
    "workflow/test_resume_and_verify.py": "runs stopped, resumed, trained again",
    "workflow/test_odd_run_content.py": "hundreds of commands on odd files",
    "workflow/test_review.py": "several runs each",
    "workflow/test_shards.py": "whole audits in shards, and workers that are killed",
}


#: Tests of the decoding processes themselves, and of processes that are killed: each set has new ones there.
NEW_DECODERS = ("data/decoding/", "torture/")


@pytest.fixture(scope="session")
def _kept_decoders() -> Iterator[None]:
    """End what was kept when all tests are done."""
    yield
    end_all()


@pytest.fixture(scope="module", autouse=True)
def _kept_decoder(request: pytest.FixtureRequest, _kept_decoders: None) -> Iterator[None]:
    """The process that decodes a set decodes the next one, too: its start is most of reading a small set."""
    if _below(request.path).startswith(NEW_DECODERS):
        yield
        return
    with kept():
        yield


@pytest.fixture(scope="module")
def undrawn() -> Iterator[None]:
    """A dot for each figure, for tests of runs that ask nothing of figures: they are most of a small run."""
    from assay.reports.drawing import canvas, image_grid

    dot = canvas.Drawing('<svg viewBox="0 0 1 1"></svg>', b"a dot")
    with pytest.MonkeyPatch.context() as patch:
        for module in (canvas, image_grid):
            patch.setattr(module, "drawn_once", lambda *_: dot)
        yield


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the slow tests."""
    for item in items:
        if _below(item.path).startswith(tuple(SLOW)):
            item.add_marker(pytest.mark.slow)


def _below(path: Path) -> str:
    """A path below this folder; empty for any other."""
    return path.relative_to(HERE).as_posix() if path.is_relative_to(HERE) else ""


def pytest_configure(config: pytest.Config) -> None:
    """Record what the tests do, where it was asked for; of several processes only the main one does."""
    path = os.environ.get(RESULTS)
    if path and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Record(Path(path)))
