"""Is what training or a model needs installed? Asked before any work starts; loads no torch itself."""

from importlib.util import find_spec

from assay.core.errors import AssayError
from assay.features import backbones
from assay.training.closed_forms import CLOSED_FORMS, WITH_TORCH


def require_for(model: str, *, fitting: bool = True) -> None:
    """Raise AssayError `missing-extra` where what `model` (of a recipe) needs is not installed.

    fitting: a pretrained net's own file too, which a saved model does without (`hash-mismatch` where it is
    damaged).
    """
    if model in WITH_TORCH and fitting:
        backbones.require()
    if model not in CLOSED_FORMS or model in WITH_TORCH:
        require_torch()


def require_torch() -> None:
    """Raise AssayError `missing-extra` where torch is not installed."""
    if find_spec("torch") is None:
        raise AssayError(
            "missing-extra",
            "torch",
            "training needs it and it is not installed",
            'pip install "assay[train]"',
        )
