"""All that turns an image into a net's input: saved in the model, used by every stage."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from assay.data.values import DeepScale, Resize, Split

#: A channel that never varies is divided by 1, not by 0.
_SMALLEST_DEVIATION: Final = 1e-8

NormalizerName = Literal["minmax", "standard"]


@dataclass(frozen=True)
class Preprocessing:
    """How a picture becomes a net's input: its size, its channels, and the normalization of its values.

    height, width, channels: the shape of every image that goes in (channels: 1 gray, 3 RGB).
    resize: how a picture of another size is brought to this one.
    normalizer: `minmax` gives x / 255, in [0, 1]; `standard` gives (x / 255 - mean) / deviation, both
        taken from the training images only.
    mean, deviation: one figure per channel, of x / 255.
    deep: how pictures of 16 bits are brought to 8; None where training saw none.
    """

    height: int
    width: int
    channels: int
    normalizer: NormalizerName = "minmax"
    mean: tuple[float, ...] = ()
    deviation: tuple[float, ...] = ()
    resize: Resize = "fit"
    deep: DeepScale | None = None

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width and channels of a net's input."""
        return self.height, self.width, self.channels

    def normalize(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """uint8 `(n, h, w, c)` in 0-255 to float32 of the same shape, as the net wants them."""
        scaled = np.multiply(images, np.float32(1 / 255), dtype=np.float32)
        if self.normalizer == "minmax":
            return scaled
        scaled -= np.asarray(self.mean, np.float32)
        scaled /= np.asarray(self.deviation, np.float32)
        return scaled

    def as_record(self) -> dict[str, Any]:
        """The value as JSON types; `from_record` reads it back."""
        record = asdict(self) | {"mean": list(self.mean), "deviation": list(self.deviation)}
        # Models that saw no 16 bits are written as they were before there was a scale.
        return record if self.deep else {key: value for key, value in record.items() if key != "deep"}

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> "Preprocessing":
        """The value that `as_record` described."""
        fields = {**record, "mean": tuple(record["mean"]), "deviation": tuple(record["deviation"])}
        deep = DeepScale(**record["deep"]) if record.get("deep") else None
        return cls(**{**fields, "deep": deep})


def fit_preprocessing(normalizer: NormalizerName, split: Split, rows: NDArray[np.int64]) -> Preprocessing:
    """The preprocessing for images like those of `split`; its statistics are those of `rows` alone.

    rows: the training rows. Validation and test images never count here.
    """
    height, width, channels = split.shape
    if normalizer == "minmax":
        return Preprocessing(height, width, channels, "minmax", resize=split.resize, deep=split.deep)
    mean, deviation = _channel_statistics(split, rows)
    return Preprocessing(height, width, channels, "standard", mean, deviation, split.resize, split.deep)


def _channel_statistics(split: Split, rows: NDArray[np.int64]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and population standard deviation of x / 255 per channel, from exact integer sums."""
    channels = split.shape[2]
    histogram = np.zeros((channels, 256), np.int64)
    for block in split.blocks(rows):
        for channel in range(channels):
            histogram[channel] += np.bincount(block[..., channel].ravel(), minlength=256)
    values = np.arange(256) / 255
    total = np.maximum(histogram.sum(axis=1), 1)
    mean = histogram @ values / total
    variance = np.maximum(histogram @ values**2 / total - mean**2, 0)
    deviation = np.sqrt(variance)
    deviation[deviation < _SMALLEST_DEVIATION] = 1.0
    return tuple(mean.tolist()), tuple(deviation.tolist())
