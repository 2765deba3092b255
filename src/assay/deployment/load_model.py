"""A trained model from where it lies: a run folder, a model folder, or an exported file."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from assay.core.errors import AssayError
from assay.deployment.onnx_model import OnnxModel

if TYPE_CHECKING:
    from torch import nn

    from assay.training.classifier import Model


def load_model(
    path: str | Path,
    model: "nn.Module | Callable[[tuple[int, int, int], int], nn.Module] | None" = None,
) -> "Model | OnnxModel":
    """The model of a run folder, of a folder that `Model.save` wrote, or of a file that `export` wrote.

    Both kinds have `classes`, `preprocessing`, `predict` and `predict_proba`; a file needs no torch.
    model: the net, or the function that builds it, of a model whose net is your own (see `assay.train`).
    Raises AssayError `file-missing`, `model-refused`, `missing-extra`, `bad-value` (no path, a run of several
    models, or a net for a model that needs none), `net-needed`, `net-refused`.

    >>> import assay
    >>> data = assay.load("fashion-mnist-sample")
    >>> assay.train(data, "nearest-mean").save("model")
    >>> model = assay.load_model("model")
    >>> model.predict_proba(data.splits["test"].blocks()).shape
    (500, 10)
    """
    try:
        path = Path(path)
    except TypeError as error:
        fix = "Give the path of a run folder or of an exported file."
        raise AssayError("bad-value", "path", f"it is of the type {type(path).__name__}", fix) from error
    if not path.exists():
        raise AssayError("file-missing", path, "there is no such run folder or file", "Check the path.")
    if not path.is_dir():
        if model is not None:
            fix = "Leave the net away: an exported file holds all that it computes."
            raise AssayError("bad-value", "model", f"{path} is a file", fix)
        return OnnxModel.read(path)
    # Only now: a file is read without loading what trains.
    from assay.training.classifier import Model
    from assay.training.model_file import RECORD

    for folder in (path / "model", path):
        if (folder / RECORD).exists():
            return Model.read(folder, model)
    several = sorted(one.name for one in (path / "models").glob("*/") if (one / "model" / RECORD).exists())
    if several:
        what = f"it has several models: {', '.join(several[:5])}{' ...' * (len(several) > 5)}"
        raise AssayError("bad-value", path, what, f"Name the folder of one: {path / 'models' / several[0]}")
    fix = "Name the folder of a finished run, or a file that `assay export` wrote."
    raise AssayError("model-refused", path, "there is no model in it", fix)
