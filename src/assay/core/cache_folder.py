"""The cache folder: everything in it can be computed or fetched again."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from assay.core import durable
from assay.core.user_path import expanded

#: Where audits, the near copies of a split, and the working size of a set are kept inside the cache.
AUDITS: Final = "audits"


def cache_folder() -> Path:
    """The cache folder: `$ASSAY_CACHE`, or that of the user as the platform has it."""
    import platformdirs  # here: `assay --help` does without

    chosen = os.environ.get("ASSAY_CACHE")
    return expanded(chosen, "ASSAY_CACHE").absolute() if chosen else platformdirs.user_cache_path("assay")


@contextmanager
def scratch_in_cache(bytes_needed: int | None = None) -> Iterator[Path]:
    """A fresh folder in the cache that is gone when the block ends.

    What killed processes left there is removed before: it may be most of what the disk has. Raises as
    `durable.scratch_directory`.
    """
    cache = durable.make_directory(cache_folder())
    durable.remove_leftovers(cache)
    with durable.scratch_directory(cache, bytes_needed) as scratch:
        yield scratch
