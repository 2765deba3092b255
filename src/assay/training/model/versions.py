"""Versions of what decides the bits of a trained model."""

import numpy as np

from assay.core.version import __version__


def versions(*, torch: bool = True) -> dict[str, str]:
    """Assay's, NumPy's and torch's; the same inputs give the same bits only where these are equal.

    torch: whether it had a part in it; it is loaded for its version.
    """
    found = {"assay": __version__, "numpy": np.__version__}
    if torch:
        from torch import __version__ as version

        found["torch"] = str(version)
    return found
