"""Versions of what decides the bits of a trained model."""

import numpy as np
import torch

from assay import __version__


def versions() -> dict[str, str]:
    """Assay's, NumPy's and torch's; the same inputs give the same bits only where these are equal."""
    return {"assay": __version__, "numpy": np.__version__, "torch": torch.__version__}
