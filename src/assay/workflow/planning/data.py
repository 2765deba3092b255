"""The data of a command: opened, announced, and refused where they cannot serve it."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from assay.core import durable
from assay.core.errors import AssayError
from assay.core.events import OnEvent, stage
from assay.core.text import one_line
from assay.data.formats.safe_open import read_file
from assay.data.formats.shard_file import pattern_parts
from assay.data.load import NAMES, PREFIXES, as_request
from assay.data.values import Dataset
from assay.workflow.load import load_request, loaded
from assay.workflow.recorded.run_record import CONFIG, MANIFEST, PLACE, read_config, read_manifest

Data = str | Path | Dataset

_LONGEST_PLACE: Final = 100_000


def open_data(data: Data, reading: Mapping[str, Any], offline: bool, on_event: OnEvent) -> Dataset:
    """The data set, loaded unless it is one already; its partition is announced.

    reading: fields of `Request`. Raises AssayError `unknown-data` for the folder of a run.
    """
    if isinstance(data, str | Path):  # a program may give anything, which `load` refuses
        _refuse_run(Path(data))
    with stage(on_event, "load") as figures:
        dataset = (
            data
            if isinstance(data, Dataset)
            else load_request(as_request(data, **reading, offline=offline, on_event=on_event))
        )
        figures.update(loaded(dataset), known=isinstance(data, Dataset))
    return dataset


def _refuse_run(path: Path) -> None:
    """The figures of a run would be read as pictures of one class."""
    if not all(os.path.isfile(path / name) for name in (CONFIG, MANIFEST, "report.html")):  # noqa: PTH113 (raises nothing)
        return
    source = read_config(path).get("data", "")
    fix = f"Give the data that it was made from{f': {one_line(str(source))}' if source else ''}."
    raise AssayError("unknown-data", path, "it is the folder of a run, not a set of images", fix)


def data_gone(error: AssayError, folder: Path) -> AssayError:
    """The error of a run's data that lie no more where they lay, with how to say where they are."""
    fix = (
        f"The data of the run {folder.name} lay there. If they moved, name them behind the run: assay "
        "COMMAND RUN DATA, of report with --data DATA."
    )
    return AssayError(error.code, error.where, error.what, fix)


def is_relative(name: str) -> bool:
    """Whether a name of data is a path, or a pattern of paths, that begins in the working folder."""
    named = name in NAMES or name.startswith(PREFIXES) or "://" in name
    return not named and not Path(name).is_absolute()


def placed(name: str, reading: Mapping[str, Any], folder: str) -> tuple[str, dict[str, Any]]:
    """The name and the reading of data whose relative paths begin in `folder`, for any working folder.

    As they are where nothing lies there (any more), or the folder is not known.
    """
    there = str(Path(folder) / name)
    found = os.path.exists(there) or pattern_parts(there)  # noqa: PTH110 (raises nothing)
    if not folder or not is_relative(name) or not found:
        return name, dict(reading)
    root = reading.get("root")
    return there, {**reading, "root": Path(folder) / root if root else root}


def location_of(name: str, dataset: Dataset, folder: str = "") -> dict[str, Any]:
    """What a manifest says of the data. folder: that in which a relative path of theirs begins; the working
    folder by default."""
    found = {"argument": name, "location": dataset.location, "fingerprint": dataset.fingerprint}
    in_files = dataset.location and is_relative(name)
    return found | ({"folder": folder or str(Path.cwd())} if in_files else {})


def named_in(folder: Path) -> str:
    """The folder in which the data of a run were named; empty where the run does not say."""
    if (folder / MANIFEST).is_file():
        data = read_manifest(folder).get("data")
        named = data.get("folder") if isinstance(data, dict) else None
    else:
        named = _kept_place(folder / PLACE)
    return named if isinstance(named, str) and Path(named).is_absolute() and "\0" not in named else ""


def _kept_place(file: Path) -> object:
    if not file.exists():
        return None
    try:
        return json.loads(read_file(file, _LONGEST_PLACE))
    except (ValueError, RecursionError) as error:
        what = "it does not say in which folder the data were named"
        raise AssayError(
            "run-damaged", file, what, "Remove this file, and name the data with --data."
        ) from error


def keep_place(location: Mapping[str, Any], folder: Path) -> None:
    """Keep in an unfinished run where its data were named, once: `resume` may be given in another folder."""
    if "folder" in location and not any((folder / name).exists() for name in (MANIFEST, PLACE)):
        durable.write_json(folder / PLACE, location["folder"])


def need_test_split(dataset: Dataset) -> None:
    """Raise AssayError `no-test-split` when there is nothing to evaluate on."""
    if "test" in dataset.splits and len(dataset.splits["test"]) == 0:
        raise AssayError(
            "no-test-split",
            dataset.name,
            "the test split that was drawn from train is empty: it takes its share of each class, and copies "
            "and groups stay together",
            "Give test images, more images a class, a larger --test-fraction or smaller groups, or use "
            "`assay train` and `assay audit`, which need none.",
        )
    if "test" not in dataset.splits:
        raise AssayError(
            "no-test-split",
            dataset.name,
            "the data have no test split, and a score on training images means nothing",
            "Give test images, or use `assay train` and `assay audit`, which need none.",
        )


def need_two_classes(dataset: Dataset) -> None:
    """Raise AssayError `too-few-classes` when there is nothing to tell apart, before the audit is made."""
    if len(dataset.classes) < 2:
        raise AssayError(
            "too-few-classes",
            dataset.name,
            f"all images are of one class, {one_line(dataset.classes[0])}: a classifier needs two",
            "Give images of at least two classes; `assay audit` and `assay inspect` take one.",
        )
