"""Is what training needs installed? Asked before any work starts; loads no torch itself."""

from importlib.util import find_spec

from assay.core.errors import AssayError
from assay.training.closed_forms import CLOSED_FORMS


def require_for(model: str) -> None:
    """Raise AssayError `missing-extra` where `model` (of a recipe) is a net and torch is not installed."""
    if model not in CLOSED_FORMS:
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
