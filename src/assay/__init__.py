"""Assay: give it a labelled image set; it finds what is wrong with the data, trains a classifier,
and reports a score that can be trusted.

The public names are loaded when they are first used, so `import assay` is quick and needs neither
torch nor matplotlib.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from assay.comparing import compare
    from assay.core.errors import AssayError
    from assay.loading import load
    from assay.pipeline import audit, evaluate, predict, run, train

__version__ = "0.1.0"

#: Public name -> the module it lives in. A test calls every one after importing every submodule.
_PUBLIC = {
    "AssayError": "assay.core.errors",
    "audit": "assay.pipeline",
    "compare": "assay.comparing",
    "evaluate": "assay.pipeline",
    "load": "assay.loading",
    "predict": "assay.pipeline",
    "run": "assay.pipeline",
    "train": "assay.pipeline",
}

__all__ = ["AssayError", "__version__", "audit", "compare", "evaluate", "load", "predict", "run", "train"]


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'assay' has no attribute {name!r}")
    value = getattr(import_module(_PUBLIC[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
