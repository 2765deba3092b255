"""Assay: give it a labelled image set; it finds what is wrong with the data, trains a classifier,
and reports a score that can be trusted.

>>> import assay
>>> data = assay.load("fashion-mnist-sample")  # or a folder, a table, a data frame, arrays=(X, y)
>>> audit = assay.audit(data, checks=["label-balance"])  # without checks: all of them
>>> audit.findings["label-balance"].verdict
'pass'
>>> model = assay.train(data, "nearest-mean")  # a recipe, or a torch net of your own
>>> score = assay.evaluate(model, data, audit=audit)
>>> 0.6 < score.accuracy < 0.8
True

In the order of the story:

- `assay.load` reads a labelled image set. The network is used for data that you name, and for
  nothing else.
- `assay.audit` looks for what is wrong with it: copies, leakage, wrong labels, damage, shortcuts.
- `assay.train` trains a recipe (`linear`, `mlp`, `cnn`, `pretrained`, ...) or a net of your own.
- `assay.evaluate` judges a model, or probabilities that you bring, on the test images: intervals,
  the score without copies and without suspects, calibration, weak slices.
- `assay.run` does all of it and writes a run folder with a report.
- `assay.compare` sets runs side by side on the same test images.
- `assay.load_model` reads a model from where it lies; `assay.predict` classifies pictures with it.
- `assay.tracking` hands the events of a run to MLflow, TensorBoard, trackio or W&B.
- `assay.AssayError` is what goes wrong, in one line: where, what, and what to do about it.

`assay.sklearn` is the same as a scikit-learn classifier. Guide: docs/guide.md; recipes:
docs/recipes.md; what a finding means: docs/data.md; errors: docs/errors.md. On the command line:
`assay --help`.

The public names are loaded when they are first used, so `import assay` is quick and needs neither
torch nor matplotlib.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from assay.core.version import __version__

if TYPE_CHECKING:
    from assay.core.errors import AssayError
    from assay.deployment.load_model import load_model
    from assay.workflow.api import audit, evaluate, predict, run, train
    from assay.workflow.compare_runs import compare
    from assay.workflow.load import load
    from assay.workflow.tracking.listen import tracking

#: Public name -> the module it lives in. A test calls every one after importing every submodule.
_PUBLIC = {
    "AssayError": "assay.core.errors",
    "audit": "assay.workflow.api",
    "compare": "assay.workflow.compare_runs",
    "evaluate": "assay.workflow.api",
    "load": "assay.workflow.load",
    "load_model": "assay.deployment.load_model",
    "predict": "assay.workflow.api",
    "run": "assay.workflow.api",
    "tracking": "assay.workflow.tracking.listen",
    "train": "assay.workflow.api",
}

__all__ = [
    "AssayError",
    "__version__",
    "audit",
    "compare",
    "evaluate",
    "load",
    "load_model",
    "predict",
    "run",
    "tracking",
    "train",
]


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'assay' has no attribute {name!r}")
    value = getattr(import_module(_PUBLIC[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
