"""Where Assay keeps what can be made again."""

import os
from pathlib import Path
from typing import Final

from assay.core.user_path import expanded

#: Where audits, the near copies of a split, and the working size of a set are kept inside the cache.
AUDITS: Final = "audits"


def cache_folder() -> Path:
    """The folder of everything that can be made again: `$ASSAY_CACHE`, or the user's cache folder."""
    import platformdirs  # here: `assay --help` does without

    chosen = os.environ.get("ASSAY_CACHE")
    return expanded(chosen, "ASSAY_CACHE").absolute() if chosen else platformdirs.user_cache_path("assay")
