"""Published data sets whose exact content is known."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class ReleasedSplit:
    """A split as published: its count and its content fingerprint (`Split.fingerprint`)."""

    count: int
    fingerprint: str


@dataclass(frozen=True)
class Release:
    """A published data set: what to call it, who made it and under which license, its splits by name, and
    its classes in label order."""

    title: str
    about: str
    splits: Mapping[str, ReleasedSplit]
    classes: tuple[str, ...]


#: The classes of Fashion-MNIST in label order.
FASHION_CLASSES: Final = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)


#: By `Dataset.name`. The fingerprints follow from the pinned SHA-256 of the decoded files.
RELEASES: Final[Mapping[str, Release]] = {
    "fashion-mnist": Release(
        "Fashion-MNIST, Zalando 2017",
        "Fashion-MNIST: pictures of articles sold by Zalando, scaled to thumbnails (Xiao, Rasul and "
        "Vollgraf 2017, arXiv:1708.07747), MIT license",
        {
            "train": ReleasedSplit(
                60_000, "a152b9ffa87d45d2f88b725005788e0f091cb5a181dc0ab4d368ff045e21fca8"
            ),
            "test": ReleasedSplit(10_000, "5c016004850a180e829ba93b46cf7e40b8eed7ef3ae1f89319a0ba0a89fffb21"),
        },
        FASHION_CLASSES,
    ),
    "fashion-mnist-sample": Release(
        "the sample of Fashion-MNIST that comes with Assay",
        "2,500 images of Fashion-MNIST that come with Assay, as many of each class (Xiao, Rasul and "
        "Vollgraf 2017, arXiv:1708.07747), MIT license",
        {
            "train": ReleasedSplit(2_000, "5584d57e4f3181741987bfd9c22df59f7a37e83ea45ef4300c8edb28d08e0e50"),
            "test": ReleasedSplit(500, "07fa45aac280e212c0cb2e2ffd184512bcd2023a0efdcbd15129982e098196c5"),
        },
        FASHION_CLASSES,
    ),
}
