"""A run, or an exported file, as something that can be served."""

import os
from pathlib import Path

from assay.core import durable
from assay.core.errors import AssayError
from assay.deployment.onnx_model import OnnxModel
from assay.deployment.serving.access import Access
from assay.deployment.serving.drift import Watch
from assay.deployment.serving.limits import Limits
from assay.deployment.serving.reference import Reference, read_reference, reference_path
from assay.deployment.serving.service import Service
from assay.deployment.serving.similar import Loading, TrainingImages, training_images
from assay.deployment.serving.workers import Workers

#: Where the export lies in a run folder. Not from `workflow.deployed.export`, which loads all that trains.
EXPORT = Path("export") / "model.onnx"
RECORD = Path("model") / "model.json"


def needs_export(path: Path) -> bool:
    """Is this the folder of one model that was not exported since it was trained?

    Raises AssayError `file-missing`, `bad-value` (a run of several models), `model-refused` (none).
    """
    if not path.exists():
        raise AssayError("file-missing", path, "there is no such run folder or file", "Check the path.")
    if not path.is_dir():
        return False
    if (path / RECORD).is_file():
        return not (path / EXPORT).is_file()
    several = sorted(one.name for one in (path / "models").glob("*/") if (one / RECORD).is_file())
    if several:
        what = f"it has several models: {', '.join(several[:5])}{' ...' * (len(several) > 5)}"
        raise AssayError("bad-value", path, what, f"Name the folder of one: {path / 'models' / several[0]}")
    fix = "Name the folder of a finished run, or a file that `assay export` wrote."
    raise AssayError("model-refused", path, "there is no model in it", fix)


def open_service(path: Path, access: Access, limits: Limits | None = None) -> Service:
    """The service of an exported file, or of a run folder that holds one; the file is checked, and warm.

    Raises AssayError `model-refused`, `missing-extra`, `file-missing`, `run-damaged` (an export of another
    model in the run folder).
    """
    limits = limits or Limits()
    file = path / EXPORT if path.is_dir() else path
    threads = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    model = OnnxModel.read(file, threads=1, extra="serve")
    if path.is_dir() and model.metadata.run_sha256 != durable.file_sha256(path / RECORD):
        fix = "Repeat the run; its files were changed after it finished."
        raise AssayError("run-damaged", file, "it is the export of another model", fix)
    reference = _reference(file, model)
    watch = Watch(reference)
    why_not = "they are shown where a run folder is served, not a file alone"
    training = Loading((lambda: _training(path, model, reference)) if path.is_dir() else None, why_not)
    name = str(model.metadata.recipe.get("name") or "model")
    service = Service(model, name, access, limits, Workers(threads, limits.waiting), watch, training)
    service.warm_up()
    return service


def _reference(file: Path, model: OnnxModel) -> Reference | None:
    path = reference_path(file)
    if not path.exists():
        return None
    return read_reference(path, model.sha256, len(model.classes), model.preprocessing.channels)


def _training(folder: Path, model: OnnxModel, reference: Reference | None) -> TrainingImages:
    """The training images of a run, where its data still lie where they lay. Raises AssayError."""
    # Only now, and in a thread: what reads data takes as long to load as all the rest.
    from assay.core.events import ignore
    from assay.workflow.planning.plan import plan_of_run

    plan = plan_of_run(folder, None, offline=True, on_event=ignore)
    named = model.metadata.fingerprints.get("train")
    if plan.dataset.shape != model.preprocessing.shape or plan.fingerprints["train"] != named:
        what = "the data are not those that the model was trained on"
        raise AssayError("data-changed", plan.dataset.name, what, "Similar images are not shown.")
    return training_images(plan.train, plan.dataset.classes, model.sha256, reference)


def begin_training_images(service: Service) -> None:
    """Get the training images ready in a thread; drift is then watched too, if it was not before."""

    def then(found: TrainingImages) -> None:
        if service.watch.reference is None:
            service.watch.reference = found.reference

    service.training.start(then)
