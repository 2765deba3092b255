"""Cache of audits, keyed by the content and order of the data, the settings, and the code."""

import base64
import hashlib
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np

from assay.audits.issues import Issue, Issues
from assay.audits.values import Audit, Finding, Findings
from assay.core import durable
from assay.core.cache_folder import AUDITS, cache_folder
from assay.core.checksums import read_checked, write_checked
from assay.core.errors import AssayError
from assay.core.events import OnEvent, ignore, warn
from assay.core.machine import thread_count
from assay.core.version import code_version
from assay.data.values import Dataset
from assay.estimators.label_noise import LabelPosterior
from assay.estimators.label_quality import LabelQuality

#: How many audits are kept at most; the oldest go first. One takes about 2 MB.
MOST: Final = 50

#: Where users and systems say how many threads a matrix product may take.
_THREAD_VARIABLES: Final = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS")

#: Rooms whose code decides what an audit says.
_ROOMS: Final = ("data", "estimators", "features", "duplicates", "audits")


def cached_audit(
    dataset: Dataset,
    settings: Mapping[str, Any],
    make: Callable[[], Audit],
    on_event: OnEvent = ignore,
    folder: Path | None = None,
) -> tuple[Audit, bool]:
    """The audit made before of the same data with the same settings and code, or `make()`, then kept.

    settings: JSON types, all that the audit depends on besides the data. Returns the audit and whether it
    was kept. A damaged entry is made again; a cache that cannot be written is reported and does no harm.
    """
    folder = folder or cache_folder() / AUDITS
    path = folder / f"{audit_key(dataset, settings)}.json"
    ready = read_checked(path)
    if ready is not None:
        return _audit(ready), True
    text = _text(make())
    try:
        write_checked(path, text)
        _forget_oldest(folder)
    except AssayError as error:
        warn(on_event, "audit", f"the audit is not kept for the next time: {error.what}")
    # As it will be read the next time: a report may not tell whether its audit was kept.
    return _audit(text), False


def audit_key(dataset: Dataset, settings: Mapping[str, Any]) -> str:
    """64 hexadecimal digits that change with the data, their order and names, the settings, the code and the
    number of threads."""
    whole = hashlib.sha256()
    left_out = [repr(item) for item in dataset.left_out]
    names = [dataset.name, dataset.source, *dataset.notes, "", *dataset.classes, "", *left_out]
    made_by = [code_version(_ROOMS), *_threads()]
    whole.update(json.dumps([names, dict(settings), made_by], sort_keys=True).encode())
    for name, split in dataset.splits.items():
        columns = {key: np.asarray(values).tolist() for key, values in split.columns.items()}
        whole.update(json.dumps([name, list(split.ids), columns], sort_keys=True, default=str).encode())
        whole.update(np.ascontiguousarray(split.digests).tobytes())
        whole.update(np.ascontiguousarray(split.labels).tobytes())
        if split.original_stats is not None:
            whole.update(np.ascontiguousarray(split.original_stats).tobytes())
    return whole.hexdigest()


def _threads() -> list[str]:
    """What decides how many threads NumPy multiplies matrices with: another number rounds otherwise."""
    return [str(thread_count()), *(os.environ.get(name, "") for name in _THREAD_VARIABLES)]


def _text(made: Audit) -> str:
    content = {
        "audit": made.as_record(),
        "issues": [vars(issue) for issue in made.issues],
        "posterior": made.posterior and vars(made.posterior),
        "label_quality": None
        if made.label_quality is None
        else {name: _packed(quality) for name, quality in made.label_quality.items()},
    }
    return durable.json_text(content)


def _packed(quality: LabelQuality) -> dict[str, str]:
    """Four numbers of every image as their bytes: as JSON a million images took 1 GB of memory for a while.

    What is None becomes NaN, which no label has.
    """
    return {
        name: base64.b64encode(np.array(values, "<f8").tobytes()).decode("ascii")
        for name, values in vars(quality).items()
    }


def _unpacked(name: str, text: str) -> tuple[Any, ...]:
    """The numbers of `_packed`; of `suggested`, whole ones."""
    values = np.frombuffer(base64.b64decode(text), "<f8")
    kind = int if name == "suggested" else float
    return tuple(None if value != value else kind(value) for value in values.tolist())


def _audit(text: str) -> Audit:
    """The audit that `_text` described."""
    content = json.loads(text)
    record = content["audit"]
    return Audit(
        dataset=record["dataset"],
        statistics=record["statistics"],
        findings=Findings(Finding(**finding) for finding in record["findings"]),
        issues=Issues(Issue(**issue) for issue in content["issues"]),
        decisions=record["decisions"],
        posterior=_posterior(content["posterior"]),
        label_quality=_label_quality(content["label_quality"]),
    )


#: Fields of the posterior that JSON gives back as lists.
_POSTERIOR_LISTS: Final = ("counts", "labels", "probabilities", "disputed", "rest_disputed")


def _posterior(record: Mapping[str, Any] | None) -> LabelPosterior | None:
    if record is None:
        return None
    lists = {key: tuple(record[key]) for key in _POSTERIOR_LISTS}
    return LabelPosterior(**{**record, **lists})


def _label_quality(record: Mapping[str, Mapping[str, str]] | None) -> dict[str, LabelQuality] | None:
    if record is None:
        return None
    return {
        name: LabelQuality(**{key: _unpacked(key, text) for key, text in columns.items()})
        for name, columns in record.items()
    }


def _forget_oldest(folder: Path) -> None:
    entries = sorted(folder.glob("*.json"), key=lambda path: path.stat().st_mtime)
    for path in entries[:-MOST]:
        durable.remove(path)
