"""Copies in other colors or tones: the values of one picture are a rising function of those of the other."""

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from assay.core.arrays import Bytes, Float32s, Rows, spread_rows
from assay.duplicates.by_detail.detail_copies import DetailCopies
from assay.duplicates.candidates import flat
from assay.duplicates.overlaid import FEWEST_EDGES, any_channel, edges_of
from assay.estimators.nearest_neighbors import build_cells, search_cells
from assay.estimators.projections import fit_components
from assay.features.hand_made import cell_weights

#: Gray levels that may remain of a copy, root mean square of the worst channel: rounding leaves .5 at most.
#: Of pairs of the tuning sets of benchmarks/truth_sets.py that are no copies, 3 and more remain.
LARGEST_REST: Final = 2.0

#: Weights of red, green and blue in gray (ITU-R BT.601), as image libraries take colors away.
_LUMA: Final = np.array([0.299, 0.587, 0.114], np.float32)

#: Values of one byte.
_LEVELS: Final = 256

#: About so many rows and columns of pixels, evenly spread, are ranked to find partners.
_RANKED: Final = 28

#: Cells a side in which ranks are averaged, their principal components, and pictures that tell which.
_CELLS: Final = 7
_COMPONENTS: Final = 40
_SAMPLE: Final = 10_000

#: Pictures that say how most are, evenly spread.
_FEW: Final = 1_000

#: Partners of each picture that are compared with it, in each of the cells of the search that are visited.
_PARTNERS: Final = 4
_VISITS: Final = 2

#: Pairs of pixels whose order is compared first: of values so many levels apart a rising function turns none
#: round. Of pairs of pictures that are alike, 19 in 20 have one that is.
_ORDERED: Final = 256
_APART: Final = 16

#: Rows, and columns, that hold common edges at least: a horizon or the stripes of a flag are no evidence.
_LINES: Final = 6

#: Pixel values that are worked on at once.
_AT_ONCE: Final = 1 << 21


def find_recolored(small: Bytes) -> DetailCopies:
    """Pairs of thumbnails uint8 `(n, h, w, c)`, none of them equal, that differ in colors or tones alone.

    Both show enough, beside what most pictures show, to be told from others.
    """
    rows = np.flatnonzero(~flat(small)) if len(small) else np.zeros(0, np.int64)
    if len(rows) < 2:
        return DetailCopies.none()
    first, second = (rows[side] for side in _likely(small, rows))
    sample = small[spread_rows(len(small), _FEW)]
    usual, pixels = np.median(sample, axis=0), _pixels(sample)
    found = [(np.zeros((2, 0), np.int64), np.zeros(0, np.float32))]
    for part in _parts(len(first), small[0].size):
        pairs = np.stack([first[part], second[part]])
        pairs = pairs[:, _in_order(small[pairs[0]], small[pairs[1]], pixels)]
        pairs = pairs[:, _show_enough(small[pairs[0]], small[pairs[1]], usual)]
        rest = _rest(small[pairs[0]], small[pairs[1]])
        found.append((pairs[:, rest <= LARGEST_REST], rest[rest <= LARGEST_REST]))
    pairs, left = (np.concatenate(part, axis=-1) for part in zip(*found, strict=True))
    words = tuple(f"other colors or tones alone, {rest:.1f} gray levels remain" for rest in left.tolist())
    score = 1 - left.astype(np.float64) / LARGEST_REST / 2
    return DetailCopies(pairs[0], pairs[1], score, words)


def _parts(pairs: int, values: int) -> list[slice]:
    """Slices of pairs that are compared at once; at least one."""
    step = max(_AT_ONCE // values, 1)
    return [slice(start, min(start + step, pairs)) for start in range(0, max(pairs, 1), step)]


def _likely(small: Bytes, rows: Rows) -> Rows:
    """Places among `rows` of pictures whose ranks are near each other, the smaller first: `(2, pairs)`."""
    down, across = (max(side // _RANKED, 1) for side in small.shape[1:3])
    few = small[:, ::down, ::across]
    described = np.concatenate([_described(few[rows[part]]) for part in _parts(len(rows), few[0].size)])
    components = fit_components(described[spread_rows(len(rows), _SAMPLE)], _COMPONENTS)
    points = components.project(described)
    partners = search_cells(build_cells(points), points, _VISITS, _PARTNERS + 1)[1]
    asking, column = np.nonzero((partners >= 0) & (partners != np.arange(len(rows))[:, None]))
    other = partners[asking, column]
    low, high = np.minimum(asking, other), np.maximum(asking, other)
    code = np.unique(low * len(rows) + high)
    return np.stack([code // len(rows), code % len(rows)])


def ranks(images: Bytes) -> Float32s:
    """Histogram equalization: the place of each value among those of its picture and channel, in [0, 1].

    uint8 `(n, h, w, c)` to float32 of the same shape; equal values have the mean of their places. A rising
    function of the values changes no rank.
    """
    n, height, width, channels = images.shape
    places = _with_owner(images)
    counts = np.bincount(places, minlength=n * channels * _LEVELS).reshape(-1, _LEVELS)
    below = (np.cumsum(counts, axis=1) - counts / 2) / (height * width)
    found: Float32s = below.astype(np.float32).ravel()[places].reshape(images.shape)
    return found


def _with_owner(images: Bytes) -> NDArray[np.int32]:
    """Values as places in one table of all values of each picture and channel: `(n * h * w * c,)`."""
    n, _, _, channels = images.shape
    owner = np.arange(n * channels, dtype=np.int32).reshape(n, 1, 1, channels) * _LEVELS
    places: NDArray[np.int32] = (images + owner).ravel()
    return places


def _described(images: Bytes) -> Float32s:
    """Mean ranks in cells, less their mean, of length 1: `(n, cells * cells * c)`."""
    down, across = (cell_weights(side, min(side, _CELLS)) for side in images.shape[1:3])
    cells = np.einsum("ih,nhwc,jw->nijc", down, ranks(images), across, optimize=True).reshape(len(images), -1)
    cells -= cells.mean(axis=1, keepdims=True)
    cells /= np.maximum(np.linalg.norm(cells, axis=1, keepdims=True), 1e-3)
    described: Float32s = cells.astype(np.float32, copy=False)
    return described


def _pixels(sample: Bytes) -> Rows:
    """Pairs of pixels, drawn by chance, the likelier the more they differ between pictures."""
    weights = sample.std(axis=0).mean(axis=2).ravel() + 1e-6
    drawn = np.random.default_rng(0).choice(len(weights), (2, _ORDERED), p=weights / weights.sum())
    pixels: Rows = drawn.astype(np.int64)
    return pixels


def _in_order(first: Bytes, second: Bytes, pixels: Rows) -> NDArray[np.bool_]:
    """Whether pairs of pixels `(2, n)` have the same order in both pictures: in each channel, or in gray."""
    same = _signs(first, pixels) * _signs(second, pixels)
    turned: NDArray[np.bool_] = np.logical_or.reduce(same < 0, axis=2)
    in_order = ~(turned[:, : first.shape[3]].any(axis=1) & turned[:, -1])
    kept: NDArray[np.bool_] = in_order & (same > 0).any(axis=(1, 2))
    return kept


def _signs(images: Bytes, pixels: Rows) -> NDArray[np.int8]:
    """1 or -1 where the first pixel is the brighter or the darker one by `_APART`, else 0.

    int8 `(n, channels, pairs of pixels)`; after three channels comes their gray.
    """
    values = images.reshape(len(images), math.prod(images.shape[1:]))
    at = pixels * images.shape[3]
    apart = [
        values[:, at[0] + channel].astype(np.int16) - values[:, at[1] + channel]
        for channel in range(images.shape[3])
    ]
    if len(apart) == len(_LUMA):
        apart.append(sum(part * weight for part, weight in zip(apart, _LUMA, strict=True)))
    return np.stack([(part >= _APART).astype(np.int8) - (part <= -_APART) for part in apart], axis=1)


def _rest(a: Bytes, b: Bytes) -> Float32s:
    """What remains of pairs once one is made from the other, whichever way leaves less: `(pairs,)`."""
    rest = np.minimum(_rest_of_rising(a, b), _rest_of_rising(b, a))
    if a.shape[3] == len(_LUMA):
        rest = np.minimum(rest, np.minimum(_rest_of_faded(a, b), _rest_of_faded(b, a)))
    return rest


def _rest_of_rising(source: Bytes, target: Bytes) -> Float32s:
    """What remains of `target` made from `source`, in each channel by a function that never falls.

    Root mean square of the worst channel, in gray levels: float32 `(n,)`. The function of a value is the mean
    of the target there; where these fall, the middle between the largest before and the smallest after.
    """
    table = source.shape[0] * source.shape[3] * _LEVELS
    places = _with_owner(source)
    count = np.bincount(places, minlength=table).reshape(-1, _LEVELS)
    mean = np.bincount(places, target.ravel(), minlength=table).reshape(-1, _LEVELS) / np.maximum(count, 1)
    before = np.maximum.accumulate(np.where(count, mean, -np.inf), axis=1)
    after = np.minimum.accumulate(np.where(count, mean, np.inf)[:, ::-1], axis=1)[:, ::-1]
    function = ((before + after) / 2).astype(np.float32)  # infinite or NaN only where there is no such value
    return _worst_channel(function.ravel()[places].reshape(source.shape), target)


def _rest_of_faded(source: Bytes, target: Bytes) -> Float32s:
    """What remains of `target` made from colors `source` by another saturation, gain and offset, cut off.

    target = s * source + t * gray + o, by least squares over the values that were not cut off at 0 or 255;
    in gray s is 0. Root mean square of the worst channel: float32 `(n,)`.
    """
    flat_shape = (len(source), math.prod(source.shape[1:]))
    colors, wanted = source.astype(np.float32), target.astype(np.float32).reshape(*flat_shape, 1)
    gray = np.broadcast_to((colors @ _LUMA)[..., None], colors.shape)
    inputs = np.stack(
        [part.reshape(flat_shape) for part in (colors, gray, np.full_like(colors, 255))], axis=2
    )
    used = inputs * ((wanted > 0) & (wanted < 255))
    power = (used.transpose(0, 2, 1) @ inputs).astype(np.float64) + np.eye(3)
    weights = np.linalg.solve(power, (used.transpose(0, 2, 1) @ wanted).astype(np.float64))
    made = np.clip(inputs @ weights.astype(np.float32), 0, 255).reshape(source.shape)
    return _worst_channel(made, target)


def _worst_channel(made: Float32s, target: Bytes) -> Float32s:
    rest: Float32s = np.sqrt(np.square(made - target).mean(axis=(1, 2)).max(axis=1))
    return rest


def _show_enough(first: Bytes, second: Bytes, usual: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which pairs have enough edges in common, down and across, other than those of most pictures."""
    both = [edges_of(images, ~any_channel(images != usual)) for images in (first, second)]
    common = both[0] & both[1]
    enough: NDArray[np.bool_] = np.count_nonzero(common, axis=(1, 2)) >= FEWEST_EDGES
    for axis in (1, 2):
        enough &= np.count_nonzero(np.logical_or.reduce(common, axis=axis), axis=1) >= _LINES
    return enough
