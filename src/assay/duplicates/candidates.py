"""Candidates for near copies: pictures whose windows look alike, however moved, mirrored or lit.

A picture is described by its middle window, coarsely, with mean and length removed (so that gain and
contrast do not count) and in a form that is the same for its mirror image. Every picture then asks for
others that look, in the middle, as it does in a window moved by up to two pixels: a moved copy answers
at distance 0, whatever came in at the border.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from assay.core.arrays import Bytes, Float32s, Rows, gray_of, spread_rows
from assay.core.thread_pool import all_cores
from assay.estimators.nearest_neighbors import Cells, build_cells, search_cells
from assay.estimators.projections import Components, fit_components
from assay.features.hand_made import area_weights, cell_weights

#: Thumbnails have at most so many pixels a side; copies are moved by at most so many of these. Smaller
#: ones would blur a shift of one pixel away, and with it the difference between a copy and a lookalike.
#: Up to this size shifts are whole pixels and JPEG's blocks are still there.
THUMBNAIL: Final = 96
LARGEST_SHIFT: Final = 2

#: Pictures whose gray values deviate by less than this from their mean show nothing to compare.
FLAT: Final = 4.0

#: Partners kept per picture. True copies rank first or second; the rest guards against lookalikes.
PARTNERS: Final = 4

#: Distance beyond which no copy under the promised changes was seen (docs/experiments.md): a length-1
#: description with a fifth of its length off.
FARTHEST: Final = 0.25

_CELLS: Final = 7
#: Principal components of the descriptions, and how many of these they are found from.
COMPONENTS: Final = 40
SAMPLE: Final = 10_000

_BLOCK: Final = 2048

#: A gain over 1 cuts the brightest parts off, which moves the description; so pictures also ask as
#: they would look after this gain.
_CUTTING_GAIN: Final = 1.4


@dataclass(frozen=True)
class Query:
    """How a picture's window is looked up: its shift, a gain, cells visited, answers per cell."""

    down: int
    right: int
    gain: float
    visits: int
    count: int


#: As the picture is.
_PLAIN: Final = Query(0, 0, 1.0, 4, 4)


@dataclass(frozen=True, eq=False)
class Candidates:
    """Pairs of thumbnails: the window of `first` moved by (down, right) looks like the middle of `second`.

    All arrays `(pairs,)`: int64 rows and shifts in thumbnail pixels, float32 distances in [0, 2].
    """

    first: Rows
    second: Rows
    down: Rows
    right: Rows
    distance: Float32s

    def __len__(self) -> int:
        return len(self.first)

    def chosen(self, which: NDArray[np.bool_] | Rows) -> "Candidates":
        """The pairs of a mask or of row numbers."""
        return Candidates(*(getattr(self, name)[which] for name in self.__dataclass_fields__))


def in_place(first: Rows, second: Rows) -> Candidates:
    """Pairs that agree where they lie."""
    still = np.zeros(len(first), np.int64)
    return Candidates(first, second, still, still, np.zeros(len(first), np.float32))


#: Pixel values averaged at a time: as floats they take 16 MB, where a block of photographs took 300.
_AVERAGED_VALUES: Final = 1 << 22


def thumbnails(images: Bytes) -> Bytes:
    """Pictures averaged down to at most `THUMBNAIL` pixels a side: uint8 `(n, h, w, c)` to the same."""
    return averaged_down(images, THUMBNAIL)


def thumbnail_shape(shape: tuple[int, int, int]) -> tuple[int, int, int]:
    """Of thumbnails of pictures of a shape."""
    return min(shape[0], THUMBNAIL), min(shape[1], THUMBNAIL), shape[2]


def averaged_down(images: Bytes, side: int) -> Bytes:
    """uint8 pictures with at most `side` pixels each way; smaller ones as they are."""
    _, height, width, _ = images.shape
    if height <= side and width <= side:
        return images
    down = area_weights(height, min(height, side))
    right = area_weights(width, min(width, side))
    few = max(1, _AVERAGED_VALUES // max(images[:1].size, 1))
    parts = [_averaged(images[i : i + few], down, right) for i in range(0, max(len(images), 1), few)]
    return np.concatenate(parts)


def _averaged(images: Bytes, down: Float32s, right: Float32s) -> Bytes:
    small = np.einsum("sh,nhwc,tw->nstc", down, images.astype(np.float32), right, optimize=True)
    rounded: Bytes = np.rint(small).astype(np.uint8)
    return rounded


def margin(shape: tuple[int, ...]) -> int:
    """Pixels between window and border: the largest shift looked for in thumbnails of `shape`."""
    return min(LARGEST_SHIFT, (min(shape[1:3]) - 1) // 4)


def queries(shape: tuple[int, ...]) -> list[Query]:
    """Shifts downwards only: of two pictures, one sees the other moved down, the other moved up.

    To the left and to the right both, for a mirrored copy is moved the same way from either side.
    """
    most = margin(shape)
    shifts = [(down, right) for down in range(most + 1) for right in range(-most, most + 1)]
    moved = [Query(down, right, 1.0, 1, 2) for down, right in shifts if (down, right) != (0, 0)]
    return [_PLAIN, Query(0, 0, _CUTTING_GAIN, 2, 2), *moved]


@dataclass(frozen=True, eq=False)
class Windows:
    """The middle windows of pictures, to be searched. rows: int64, of those that show something."""

    rows: Rows
    components: Components
    cells: Cells


def index_windows(small: Bytes) -> Windows | None:
    """The windows of thumbnails uint8 `(n, h, w, c)`; None where fewer than two show something."""
    rows = np.flatnonzero(~flat(small))
    if len(rows) < 2:
        return None
    sample = rows[spread_rows(len(rows), SAMPLE)]
    components = fit_components(_described(small.__getitem__, sample, _PLAIN), COMPONENTS)
    return Windows(
        rows, components, build_cells(components.project(_described(small.__getitem__, rows, _PLAIN)))
    )


def find_candidates(small: Bytes) -> Candidates:
    """The nearest pairs among thumbnails uint8 `(n, h, w, c)`, each pair once.

    Flat thumbnails have no partners. Exact copies should be given once: they would crowd others out.
    """
    index = index_windows(small)
    if index is None:
        return no_candidates()
    asked = queries(small.shape)
    with all_cores() as pool:
        answers = list(pool.map(lambda q: _ask(small.__getitem__, index, q), asked))
    return best_partners(answers, asked, np.arange(len(index.rows)), index.rows)


def nearest_to(index: Windows, changed: Callable[[Rows], Bytes]) -> Candidates:
    """The nearest pictures to each picture once it is changed; `first` is the one that was.

    changed: gives the changed thumbnails of some rows, of one shape with those of the index.
    """
    answers = [_ask(changed, index, _PLAIN)]
    return best_partners(answers, [_PLAIN], np.arange(len(index.rows)), index.rows)


def no_candidates() -> Candidates:
    """No pair."""
    none = np.zeros(0, np.int64)
    return Candidates(none, none, none, none, np.zeros(0, np.float32))


def flat(small: Bytes) -> NDArray[np.bool_]:
    """bool `(n,)`: whether a thumbnail's gray values hardly deviate from their mean."""
    return np.concatenate(
        [
            gray_of(small[start : start + _BLOCK]).std(axis=(1, 2)) < FLAT
            for start in range(0, max(len(small), 1), _BLOCK)
        ]
    )


def _ask(read: Callable[[Rows], Bytes], index: Windows, question: Query) -> tuple[Float32s, Rows]:
    described = index.components.project(_described(read, index.rows, question))
    return search_cells(index.cells, described, question.visits, question.count)


def _described(read: Callable[[Rows], Bytes], rows: Rows, question: Query) -> Float32s:
    starts = range(0, max(len(rows), 1), _BLOCK)
    return np.concatenate([describe_window(read(rows[start : start + _BLOCK]), question) for start in starts])


def describe_window(small: Bytes, question: Query) -> Float32s:
    """Length-1 description of a window: the same for mirror images and under gain and contrast."""
    lit = small if question.gain == 1 else np.minimum(small * np.float32(question.gain), 255)
    gray = gray_of(lit)  # after the gain: it cuts each color off by itself
    weights = window_weights((gray.shape[1], gray.shape[2]), question)
    description: Float32s = gray.reshape(len(gray), gray.shape[1] * gray.shape[2]) @ weights
    odd = description[:, description.shape[1] // 2 :]
    np.abs(odd, out=odd)  # a mirror image has the other sign
    length = np.sqrt(np.square(description).sum(axis=1, keepdims=True))
    description /= np.maximum(length, 1e-3)
    return description


def window_weights(shape: tuple[int, int], question: Query) -> Float32s:
    """float32 `(h * w, description)`: all that is linear in the description, as one matrix.

    First half: each cell plus its mirror cell, less the window's mean; second half: minus instead of plus.
    """
    edge = margin((0, *shape))
    down = _along(shape[0], edge, question.down)
    right = _along(shape[1], edge, question.right)
    cells = np.einsum("ih,jw->ijhw", down, right)
    cells -= cells.mean(axis=(0, 1))
    mirrored, half = cells[:, ::-1], (_CELLS + 1) // 2
    both = np.stack([cells + mirrored, cells - mirrored])[:, :, :half]
    return np.ascontiguousarray(both.reshape(-1, shape[0] * shape[1]).T)


def _along(pixels: int, edge: int, shift: int) -> Float32s:
    weights = np.zeros((_CELLS, pixels), np.float32)
    weights[:, edge + shift : pixels - edge + shift] = cell_weights(pixels - 2 * edge, _CELLS)
    return weights


def best_partners(
    answers: list[tuple[Float32s, Rows]], asked: list[Query], asking_rows: Rows, rows: Rows
) -> Candidates:
    """The `PARTNERS` nearest partners of each picture over all questions, each partner once.

    answers: to each question of each picture that asks, squared distances and partners. asking_rows: the
    place of each of them among `rows`, the pictures that show something; partners are such places, too.
    """
    distances = np.hstack([found for found, _ in answers])
    partners = np.hstack([found for _, found in answers])
    question = np.repeat(np.arange(len(asked)), [found.shape[1] for found, _ in answers])
    near = (distances < FARTHEST**2) & (partners != asking_rows[:, None])
    asking, column = np.nonzero(near)
    partner, distance = partners[asking, column], distances[asking, column]
    kept = _nearest_partners(asking, partner, distance)
    code = question[column[kept]]
    return Candidates(
        rows[asking_rows[asking[kept]]],
        rows[partner[kept]],
        np.array([q.down for q in asked])[code],
        np.array([q.right for q in asked])[code],
        np.sqrt(distance[kept]),
    )


def _nearest_partners(asking: Rows, partner: Rows, distance: Float32s) -> Rows:
    """Positions of the nearest `PARTNERS` distinct partners of each picture that asks."""
    order = np.lexsort((distance, partner, asking))
    new = (np.diff(asking[order], prepend=-1) != 0) | (np.diff(partner[order], prepend=-1) != 0)
    order = order[new]
    order = order[np.lexsort((distance[order], asking[order]))]
    first = np.searchsorted(asking[order], asking[order])
    kept: Rows = order[np.arange(len(order)) - first < PARTNERS]
    return kept
