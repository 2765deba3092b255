"""Is what training or a model needs installed? Asked before any work starts; loads no torch itself."""

import sys
from collections.abc import Mapping
from importlib.util import find_spec
from typing import Any, Final

from assay.core.errors import AssayError
from assay.core.memory import need_room
from assay.features import backbones
from assay.training.closed_forms import CLOSED_FORMS, WITH_TORCH

#: Addresses that loading torch takes: 500 MB were measured, and it ends the process where it gets less.
_TORCH: Final = 600 << 20


def require_for(model: str, options: Mapping[str, Any], *, fitting: bool = True) -> None:
    """Raise AssayError `missing-extra` where what a recipe's model with these options needs is not there.

    fitting: a pretrained net's own file too, which a saved model does without (`hash-mismatch` where it is
    damaged).
    """
    if model in (*WITH_TORCH, "finetuned") and fitting:
        backbones.require(options.get("backbone", backbones.DEFAULT))
    if model not in CLOSED_FORMS or model in WITH_TORCH:
        require_torch()


def require_torch() -> None:
    """Raise AssayError `missing-extra` where torch is not installed, `out-of-memory` where it cannot load."""
    if find_spec("torch") is None:
        raise AssayError(
            "missing-extra",
            "torch",
            "training needs it and it is not installed",
            'pip install "assay[train]"',
        )
    if "torch" not in sys.modules:
        need_room(_TORCH, "loading torch")
