"""Matrix products of a step in training, each by the library that is faster for its size.

Torch multiplies float32 by MKL, which leaves half of the width of AMD's processors unused; oneDNN, which
torch has for convolutions, builds its kernels for the processor that it finds. Large products took it half of
the time there, and small ones three times as long, so the size decides; on Intel's own processors MKL is
faster at every size of a step (decision 0240). Both round each sum as float32 does, in another order.
"""

import platform
from functools import cache
from typing import Any, Final

import torch
from torch import Tensor
from torch.nn.functional import linear as _by_default

from assay.core.machine import processor_vendor

#: Multiply-adds from which on oneDNN is asked.
LARGE: Final = 1 << 20

#: Where the two were compared, and whose processors MKL is made for.
_MACHINES: Final = ("x86_64", "AMD64")
_INTEL: Final = "GenuineIntel"


def matmul(a: Tensor, b: Tensor) -> Tensor:
    """`a @ b`, on a processor: `(m, i)` and `(i, n)` of one dtype give `(m, n)`; no gradient is recorded."""
    if a.dtype is torch.float32 and a.numel() * b.shape[1] >= LARGE and by_onednn():
        found: Tensor = _onednn()(a, b.t(), None, "none", [], "")
        return found
    return torch.mm(a, b)


def linear(inputs: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """`inputs @ weight.T + bias`, on a processor: inputs `(b, i)`, weight `(o, i)`, bias `(o,)`; no gradient
    is recorded. All of one dtype; gives `(b, o)` of it."""
    if inputs.dtype is torch.float32 and inputs.numel() * weight.shape[0] >= LARGE and by_onednn():
        found: Tensor = _onednn()(inputs, weight, bias, "none", [], "")
        return found
    return _by_default(inputs, weight, bias)


@cache
def by_onednn() -> bool:
    """Whether large products go to oneDNN: torch has it, and on this kind of processor it was faster."""
    return has_onednn() and platform.machine() in _MACHINES and processor_vendor() != _INTEL


def has_onednn() -> bool:
    """Whether this torch can multiply matrices by oneDNN."""
    there: bool = torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
    return there and hasattr(torch.ops.mkldnn, "_linear_pointwise")


@cache
def _onednn() -> Any:
    return torch.ops.mkldnn._linear_pointwise.default
