"""Assay: give it a labelled image set; it finds what is wrong with the data, trains a classifier,
and reports a score that can be trusted.

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
