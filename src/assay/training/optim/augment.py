"""Augmentation of training images: mirroring, shifts, cutout and random erasing, mixing.

All draws of an epoch are made at once from seed and epoch, so a batch is the same whenever it is made.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray

from assay.training.optim.seeding import AUGMENTATION, MIRROR, generator
from assay.training.recipes import NetRecipe

#: Random erasing covers this share of the image, in a box whose sides are at most so unequal (Zhong et al.
#: 2020, with their settings).
_ERASED_AREA: Final = (0.02, 0.4)
_ERASED_ASPECT: Final = 0.3


@dataclass(frozen=True, eq=False)
class Draws:
    """What happens to each image of an epoch, in its order, as tensors; None where it happens to none.

    mirrored: bool `(n,)`. moved: int64 `(n, 2)`, pixels down and to the right. covered: int64 `(n, 4)`: top,
    bottom, left, right of a box, the ends not in it. mixed: float32 `(n,)`, the share of the image itself.
    """

    mirrored: torch.Tensor | None = None
    moved: torch.Tensor | None = None
    covered: torch.Tensor | None = None
    mixed: torch.Tensor | None = None

    def part(self, start: int, stop: int) -> "Draws":
        """Those of the images from `start` to before `stop`."""
        return self if self.nothing else self._each(lambda values: values[start:stop])

    @property
    def nothing(self) -> bool:
        """Whether no image is changed."""
        return self.mirrored is self.moved is self.covered is self.mixed is None

    def on(self, device: torch.device) -> "Draws":
        """The same, on a device."""
        return self._each(lambda values: values.to(device))

    def _each(self, work: Callable[[torch.Tensor], torch.Tensor]) -> "Draws":
        all_draws = (self.mirrored, self.moved, self.covered, self.mixed)
        return Draws(*(None if values is None else work(values) for values in all_draws))


def draw(
    recipe: NetRecipe, rows: NDArray[np.int64], shape: tuple[int, int, int], seed: int, epoch: int
) -> Draws:
    """The draws for `rows` in the order in which the epoch shows them."""
    rng, count = generator(seed, AUGMENTATION, epoch), len(rows)
    mirrored = _alternating(rows, seed, epoch) if recipe.mirror else None
    moved = rng.integers(-recipe.shift, recipe.shift + 1, (count, 2)) if recipe.shift else None
    covered = _boxes(recipe, rng, count, shape) if recipe.erasing or recipe.cutout else None
    mixed = rng.beta(recipe.mixup, recipe.mixup, count).astype(np.float32) if recipe.mixup else None
    all_draws = (mirrored, moved, covered, mixed)
    return Draws(*(None if values is None else torch.from_numpy(values) for values in all_draws))


def _alternating(rows: NDArray[np.int64], seed: int, epoch: int) -> NDArray[np.bool_]:
    """Every second epoch an image is mirrored; a coin per image says in which it begins (Jordan 2024)."""
    coins = generator(seed, MIRROR).integers(0, 2, int(rows.max(initial=0)) + 1)
    turned: NDArray[np.bool_] = (coins[rows] + epoch) % 2 == 1
    return turned


def _boxes(
    recipe: NetRecipe, rng: np.random.Generator, count: int, shape: tuple[int, int, int]
) -> NDArray[np.int64]:
    """A square of `cutout` pixels anywhere, cut by the border (DeVries and Taylor 2017), or with the
    probability `erasing` a box inside the image (Zhong et al. 2020); an empty box covers nothing."""
    height, width, _ = shape
    if recipe.cutout:
        middle = rng.integers(0, (height, width), (count, 2)) - recipe.cutout // 2
        ends = middle + recipe.cutout
    else:
        area = rng.uniform(*_ERASED_AREA, count) * height * width * (rng.random(count) < recipe.erasing)
        aspect = np.exp(rng.uniform(-1, 1, count) * np.log(_ERASED_ASPECT))
        size = np.stack([np.sqrt(area * aspect), np.sqrt(area / aspect)], axis=1)
        size = np.minimum(np.rint(size), (height, width))
        middle = np.floor(rng.random((count, 2)) * ((height, width) - size + 1)).astype(np.int64)
        ends = middle + size.astype(np.int64)
    starts, ends = np.clip(middle, 0, (height, width)), np.clip(ends, 0, (height, width))
    return np.stack([starts[:, 0], ends[:, 0], starts[:, 1], ends[:, 1]], axis=1)


def change(images: torch.Tensor, draws: Draws) -> torch.Tensor:
    """The images float32 `(b, h, w, c)`, normalized, with what was drawn done to them where they are; the
    shape stays.

    What moves in from outside repeats the border. What is covered is 0: the mean of the training images with
    the normalizer `standard`, black with `minmax`. Mixed images take the rest of their partner: the batch
    in reverse order (Zhang et al. 2018).
    """
    if draws.moved is not None:
        images = _moved(images, draws.moved)
    if draws.mirrored is not None:
        images = torch.where(_beside(draws.mirrored), images.flip(2), images)
    if draws.covered is not None:
        images = images.masked_fill(_inside(images, draws.covered), 0)
    if draws.mixed is not None:
        images = torch.lerp(images.flip(0), images, _beside(draws.mixed))
    return images


def _beside(values: torch.Tensor) -> torch.Tensor:
    """`(b,)` to `(b, 1, 1, 1)`."""
    return values[:, None, None, None]


def _moved(images: torch.Tensor, steps: torch.Tensor) -> torch.Tensor:
    count, height, width, _ = images.shape
    down, right = _places(height, images) - steps[:, :1], _places(width, images) - steps[:, 1:]
    down, right = down.clamp(0, height - 1), right.clamp(0, width - 1)
    return images[_places(count, images)[:, None, None], down[:, :, None], right[:, None, :]]


def _places(count: int, images: torch.Tensor) -> torch.Tensor:
    return torch.arange(count, device=images.device)


def _inside(images: torch.Tensor, boxes: torch.Tensor) -> torch.Tensor:
    """bool `(b, h, w, 1)`: in the box or not."""
    y, x = _places(images.shape[1], images), _places(images.shape[2], images)
    top, bottom, left, right = boxes[:, :, None].unbind(1)
    rows, columns = (y >= top) & (y < bottom), (x >= left) & (x < right)
    return (rows[:, :, None] & columns[:, None, :])[..., None]


def notes(recipe: NetRecipe) -> Iterator[str]:
    """What a user should know of the changes that the recipe makes."""
    if recipe.mirror:
        yield (
            "training mirrors images left to right: right where a mirrored picture keeps its class (clothes, "
            "animals), wrong for digits, letters and signs (--set mirror=false --set mirror_averaging=false)"
        )
    if recipe.shift:
        yield (
            f"training moves images by up to {recipe.shift} pixels: wrong where the place tells the class "
            "(--set shift=0)"
        )
