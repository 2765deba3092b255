"""The training images most like a served one, by the features that drift is watched with."""

import io
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from assay.core.arrays import Float32s
from assay.core.errors import AssayError
from assay.data.values import Split
from assay.deployment.serving.reference import FIGURES, Reference, reference_of
from assay.estimators.nearest_neighbors import nearest

_BLOCK: Final = 512


@dataclass(frozen=True, eq=False)
class TrainingImages:
    """The training split, and its principal components float32 `(n, m)` by `reference`."""

    train: Split
    classes: tuple[str, ...]
    reference: Reference
    components: Float32s

    def near(self, images: NDArray[np.uint8], count: int) -> list[list[dict[str, Any]]]:
        """For each image the `count` most similar of train, nearest first, as JSON types."""
        asked = self.reference.rows(images)[:, len(FIGURES) :]
        _, rows = nearest(asked, self.components, count)
        return [
            [
                {"index": int(row), "id": self.train.ids[row], "class": self.classes[self.train.labels[row]]}
                for row in line
            ]
            for line in rows
        ]

    def png(self, row: int) -> bytes:
        """One training image as a PNG file."""
        from PIL import Image

        pixels = next(self.train.blocks(np.array([row], np.int64)))[0]
        out = io.BytesIO()
        Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels).save(out, "PNG")
        return out.getvalue()


def training_images(
    train: Split, classes: tuple[str, ...], model: str, reference: Reference | None
) -> TrainingImages:
    """Read the training split once. model: SHA-256 of the exported file; reference: its own, if any."""
    found = reference or reference_of(train, len(classes), model)
    blocks = [found.rows(block)[:, len(FIGURES) :] for block in train.blocks(size=_BLOCK)]
    return TrainingImages(train, classes, found, np.concatenate(blocks))


class Loading:
    """Something that a thread gets ready while the server answers already.

    state: what to say of it until it is there, or why it never will be.
    """

    def __init__(self, make: Callable[[], TrainingImages] | None, why_not: str = "") -> None:
        self.found: TrainingImages | None = None
        self.state = "they are being prepared" if make else why_not
        self._make = make

    def start(self, then: Callable[[TrainingImages], None]) -> None:
        """Begin; `then` gets the result, in that thread."""
        if self._make is not None:
            threading.Thread(target=self._load, args=(self._make, then), daemon=True).start()

    def _load(self, make: Callable[[], TrainingImages], then: Callable[[TrainingImages], None]) -> None:
        try:
            self.found = make()
        except AssayError as error:  # data that moved or changed: the server goes on without them
            self.state = f"{error.what}. {error.fix}"
            return
        self.state = "ready"
        then(self.found)
