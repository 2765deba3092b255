"""A run's model as a file for other programs, proved on the run's test split; and proved again later."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shlex import quote
from typing import Final

from assay.core import durable
from assay.core.errors import AssayError
from assay.core.events import OnEvent, ignore, stage
from assay.data.values import Dataset
from assay.deployment.export.classifier import onnx_bytes
from assay.deployment.export.proof import Proof, prove
from assay.deployment.export.write import export_model, record_of, refuse_folder
from assay.deployment.onnx_model import OnnxModel, require_extra
from assay.deployment.serving.reference import reference_of, reference_path, write_reference
from assay.training.classifier import Model
from assay.workflow import run_folder
from assay.workflow.planning.data import Data, need_test_split, open_data
from assay.workflow.planning.plan import Plan, need_same_data, plan_of_run
from assay.workflow.recorded import run_record

#: Where the export lies in its run folder, unless another place was named.
EXPORT: Final = Path("export") / "model.onnx"


def export_run(
    folder: str | Path,
    data: Data | None = None,
    *,
    out: str | Path | None = None,
    offline: bool = False,
    on_event: OnEvent = ignore,
) -> tuple[Path, Proof]:
    """Write the model of a finished run as one ONNX file, and its record; returns the file and its proof.

    Beside it go figures of the training images, by which a server tells whether others arrive.

    out: the file; None is `export/model.onnx` in the run folder, whose manifest then lists it.
    data: only needed where the run's own data have moved. Raises AssayError `export-differs`,
    `output-exists`, `missing-extra`, `not-a-run-folder`, `run-damaged`, `data-changed`, `no-test-split`.
    """
    require_extra("export")
    folder = Path(folder)
    if out is not None:
        refuse_folder(Path(out))
        _refuse_runs(Path(out), folder)
    with run_folder.reopen(folder, same_state=True) as opened:
        with _way_without_data(folder):
            plan = _plan(folder, data, offline, on_event)
            model = Model.read(folder / "model")
            need_same_data(model, plan)
        path = folder / EXPORT if out is None else Path(out)
        with stage(on_event, "export"):
            test = plan.dataset.splits["test"]
            left = not _ended(folder, path, own=out is None)
            proof = export_model(model, path, test.blocks(), _digest(folder), unfinished=left)
            looks = reference_of(plan.train, len(plan.dataset.classes), durable.file_sha256(path))
            write_reference(looks, reference_path(path))
        if out is None:
            opened.finish()
    return path, proof


@contextmanager
def _way_without_data(folder: Path) -> Iterator[None]:
    """Add to an error that the run's data are gone or changed why they are needed, and the way without."""
    try:
        yield
    except AssayError as error:
        if error.code not in ("data-changed", "unknown-data"):
            raise
        code = f"import assay; assay.load_model({str(folder)!r}).export('model.onnx')"
        why = "They are needed to prove the file on its test images. To prove it on made-up pictures alone:"
        fix = f"{error.fix} {why} python -c {quote(code)}"
        raise AssayError(error.code, error.where, error.what, fix) from error


def _refuse_runs(path: Path, folder: Path) -> None:
    """Refuse a place in the run's own folder, or in another run's."""
    if path.resolve().is_relative_to(folder.resolve()):
        what = "it lies in the run folder"
        raise AssayError("bad-value", "--out", what, f"Name another place, or leave it out: {EXPORT}.")
    run_folder.refuse_inside(path)


def export_trained(model: Model, path: Path, data: Data | None = None, offline: bool = False) -> Proof:
    """`Model.export`: the file of a model in memory, proved on the test split of `data`, if they are given.

    Raises AssayError as there.
    """
    require_extra("export")
    refuse_folder(path)
    if data is None:
        return export_model(model, path, ())
    dataset = open_data(data, {}, offline, ignore)
    need_test_split(dataset)
    _need_same_splits(model, dataset)
    left = not reference_path(path).exists()
    proof = export_model(model, path, dataset.splits["test"].blocks(), unfinished=left)
    looks = reference_of(dataset.train, len(dataset.classes), durable.file_sha256(path))
    write_reference(looks, reference_path(path))
    return proof


def _ended(folder: Path, path: Path, *, own: bool) -> bool:
    """Whether an export to `path` got as far as its last file; one of the run folder's own, its manifest."""
    if own:
        return EXPORT.as_posix() in run_record.read_manifest(folder)["files"]
    return reference_path(path).exists()


def _need_same_splits(model: Model, dataset: Dataset) -> None:
    """Raise AssayError `data-changed` for other data than the model's; labels may have been decided on."""
    named = model.fingerprints.get("test") or model.fingerprints.get("train")
    if named not in dataset.fingerprints.values():
        what = "the model was trained on other data"
        raise AssayError("data-changed", dataset.name, what, "Give its own, or none: model.export(path).")


def _plan(folder: Path, data: Data | None, offline: bool, on_event: OnEvent) -> Plan:
    plan = plan_of_run(folder, data, offline, on_event)
    if plan.parts or plan.recipe is None:
        what = "it has several models" if plan.parts else "an audit has no model"
        fix = "Name the folder of one: RUN/models/NAME." if plan.parts else "Train one: assay run."
        raise AssayError("bad-value", folder, what, fix)
    need_test_split(plan.dataset)
    return plan


def _digest(folder: Path) -> str:
    """What names the run's model: the SHA-256 of its record, which holds that of its weights."""
    return durable.file_sha256(folder / "model" / "model.json")


def export_facts(plan: Plan, folder: Path) -> list[tuple[str, bool]]:
    """What can be checked of the export in a run folder, each with whether it holds; nothing without one."""
    path = folder / EXPORT
    if not path.is_file() and not record_of(path).is_file():
        return []
    try:
        model = Model.read(folder / "model")
        file = OnnxModel.read(path)
        same = onnx_bytes(model, _digest(folder)) == path.read_bytes()
        proof = prove(model, file, plan.dataset.splits["test"].blocks())
    except AssayError as error:
        if error.code not in ("model-refused", "file-missing"):
            raise
        return [("export, proved again", False)]
    return [("export, written again", same), ("export, proved again", proof.holds)]
