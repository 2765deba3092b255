"""Cache of pretrained features by the digest of each image: one file for a backbone."""

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Final, Self

import numpy as np
import safetensors.numpy
from numpy.typing import NDArray
from safetensors import SafetensorError

from assay.core import durable
from assay.core.arrays import Float32s
from assay.core.cache_folder import cache_folder
from assay.core.checksums import with_checksum, without_checksum
from assay.core.disk_errors import environment_errors

#: Images whose features are kept, the newest: with 3,584 numbers each they take 290 MB.
_MOST_IMAGES: Final = 20_000

_FOLDER: Final = "features"


@dataclass(frozen=True, eq=False)
class Kept:
    """The known features of one backbone. key: names its file. digests: uint8 `(n, 32)` of the images; rows:
    float32 `(n, d)`."""

    key: str
    digests: NDArray[np.uint8]
    rows: Float32s

    @classmethod
    def read(cls, key: str, dimension: int) -> Self:
        """What is kept under a key; nothing where the file is missing, damaged, or of another kind."""
        nothing = cls(key, np.zeros((0, 32), np.uint8), np.zeros((0, dimension), np.float32))
        path = _path(key)
        with environment_errors(path):
            content = without_checksum(path.read_bytes() if path.is_file() else b"")
        if content is None:
            return nothing
        try:
            arrays = safetensors.numpy.load(content)
            found = cls(key, arrays["digests"], arrays["rows"])
        except (SafetensorError, KeyError):
            return nothing
        wanted = (len(found.rows), 32), (len(found.digests), dimension)
        return found if (found.digests.shape, found.rows.shape) == wanted else nothing

    @cached_property
    def _places(self) -> dict[bytes, int]:
        return {digest.tobytes(): place for place, digest in enumerate(self.digests)}

    def known(self, digests: NDArray[np.uint8]) -> NDArray[np.bool_]:
        """Which images' features are here: bool `(n,)`."""
        return np.array([digest.tobytes() in self._places for digest in digests], bool)

    def features(self, digests: NDArray[np.uint8]) -> Float32s:
        """The features of known images, in the order given."""
        return self.rows[[self._places[digest.tobytes()] for digest in digests]]

    def added(self, digests: NDArray[np.uint8], rows: Float32s) -> Self:
        """With the features of further images."""
        both = np.concatenate([self.digests, digests]), np.concatenate([self.rows, rows])
        return replace(self, digests=both[0], rows=both[1])

    def joined(self, other: "Kept | None") -> Self:
        """With those of another one that are not here, where it is of the same key and length."""
        if other is None or (other.key, other.rows.shape[1:]) != (self.key, self.rows.shape[1:]):
            return self
        new = ~self.known(other.digests)
        return self.added(other.digests[new], other.rows[new])

    def save(self) -> None:
        """Keep the newest, with whatever another process kept meanwhile lost: it is computed again."""
        newest = slice(-_MOST_IMAGES, None)
        content = safetensors.numpy.save(
            {"digests": np.ascontiguousarray(self.digests[newest]), "rows": self.rows[newest]}
        )
        path = _path(self.key)
        durable.make_directory(path.parent)
        durable.write_bytes(path, with_checksum(content))


def _path(key: str) -> Path:
    return cache_folder() / _FOLDER / f"{key}.features"
