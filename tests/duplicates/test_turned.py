"""Copies turned by right angles, or upside down, as sets are multiplied before they are divided."""

import io

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont
from tests.planted import photograph

from assay.audits.checks.context import CheckContext
from assay.audits.checks.duplicates import check_near_duplicates
from assay.audits.measures.pixel_sums import measure
from assay.data.values import Dataset, Split, numbered_ids
from assay.duplicates.find import TURNED, find_copies, of_one_class
from assay.duplicates.turned import find_turned

SOURCES = (3, 17, 40, 41, 58)


def photographs(height: int = 48, width: int = 48, count: int = 60) -> np.ndarray:
    rng = np.random.default_rng(5)
    return np.stack([photograph(rng, max(height, width))[:height, :width] for _ in range(count)])


def labelled(images: np.ndarray, labels: np.ndarray | None = None) -> Dataset:
    labels = np.arange(len(images)) % 2 if labels is None else labels
    split = Split.from_arrays(images, labels, numbered_ids("train", len(images)))
    return Dataset("turned", ("a", "b"), {"train": split}, "made for a test")


TURNS = {
    "by 90 degrees": lambda x: np.rot90(x, 1, axes=(1, 2)),
    "by 180 degrees": lambda x: np.rot90(x, 2, axes=(1, 2)),
    "by 270 degrees": lambda x: np.rot90(x, 3, axes=(1, 2)),
    "upside down": lambda x: x[:, ::-1],
    "over one diagonal": lambda x: x.swapaxes(1, 2),
    "over the other": lambda x: np.rot90(x, 2, axes=(1, 2)).swapaxes(1, 2),
}

LATER = {
    "alone": lambda x: x,
    "darker": lambda x: np.rint(x * 0.8).astype(np.uint8),
    "noise": lambda x: np.clip(x + np.random.default_rng(1).normal(0, 5, x.shape), 0, 255).astype(np.uint8),
    "jpeg": lambda x: np.stack([through_jpeg(picture) for picture in x]),
}


def through_jpeg(picture: np.ndarray) -> np.ndarray:
    kept = io.BytesIO()
    Image.fromarray(picture).save(kept, "JPEG", quality=80)
    return np.asarray(Image.open(kept))


@pytest.mark.parametrize("later", LATER)
@pytest.mark.parametrize("turn", TURNS)
def test_a_turned_copy_is_found_with_its_source(turn: str, later: str) -> None:
    images = photographs()
    copies = LATER[later](np.ascontiguousarray(TURNS[turn](images[list(SOURCES)])))
    found = find_copies(labelled(np.concatenate([images, copies])))
    pairs = set(zip(found.near_first.tolist(), found.near_second.tolist(), strict=True))
    assert pairs == {(source, len(images) + place) for place, source in enumerate(SOURCES)}
    assert all(change.startswith("turned by ") for change in found.changes)
    assert found.alone is not None and set(found.alone.tolist()) == {TURNED}


@pytest.mark.parametrize("turn", ["by 180 degrees", "upside down"])
@pytest.mark.parametrize("size", [(40, 56), (100, 128)])  # the thumbnails of the second are squares
def test_pictures_that_are_no_squares_are_turned_upside_down(size: tuple[int, int], turn: str) -> None:
    images = photographs(*size)
    copies = np.ascontiguousarray(TURNS[turn](images[list(SOURCES)]))
    found = find_copies(labelled(np.concatenate([images, copies])))
    assert found.near_first.tolist() == list(SOURCES)


def test_pictures_whose_thumbnails_alone_are_squares_do_not_lie_on_their_side() -> None:
    """A copy that was squeezed, turned and stretched is none of those looked for."""
    images = photographs(100, 128)
    stretched = [Image.fromarray(np.rot90(images[i])).resize((128, 100)) for i in SOURCES]
    found = find_copies(labelled(np.concatenate([images, np.stack([np.asarray(p) for p in stretched])])))
    assert len(found.near_first) == 0


def test_untouched_pictures_have_no_turned_copies() -> None:
    images = photographs()
    found = find_turned(images, (48, 48, 3), images.__getitem__, True)
    assert (len(found.first), found.changes) == (0, ())


@pytest.mark.parametrize("count", [0, 1])
def test_too_few_pictures_have_none(count: int) -> None:
    assert len(find_turned(photographs()[:count], (48, 48, 3), None, True).first) == 0


def test_turned_copies_do_not_hide_cropped_ones() -> None:
    """Pictures looked up upside down set the limit of the search by detail; copies that are so must not."""
    images = photographs(64, 64, count=80)
    cut = [np.asarray(Image.fromarray(images[i]).resize((64, 64), 2, (3, 2, 62, 61))) for i in (5, 9, 30, 44)]
    upside_down = images[50:80, ::-1]
    found = find_copies(labelled(np.concatenate([images, np.stack(cut), upside_down])))
    pairs = set(zip(found.near_first.tolist(), found.near_second.tolist(), strict=True))
    assert {(5, 80), (9, 81), (30, 82), (44, 83)} <= pairs
    assert {(50 + place, 84 + place) for place in range(30)} <= pairs


def letters(text: str) -> np.ndarray:
    """Each letter in several sizes, so that none is equal to another."""
    images = []
    for letter in text:
        for size in (20, 22, 24, 26):
            picture = Image.new("L", (32, 32))
            ImageDraw.Draw(picture).text((16, 16), letter, 255, ImageFont.load_default(size), anchor="mm")
            images.append(np.asarray(picture))
    return np.stack(images)[..., None]


def test_letters_that_are_others_turned_are_no_copies() -> None:
    """Where it is the turn that tells the classes; of one class they are copies."""
    upright = letters("bdfghjkmrtF")
    turned = np.ascontiguousarray(np.rot90(upright, 2, axes=(1, 2)))
    images = np.concatenate([upright, turned])
    classes = np.repeat([0, 1], len(upright))
    apart = labelled(images, classes)
    assert (find_copies(apart).alone == TURNED).sum() >= len(upright) - 2
    assert not (of_one_class(find_copies(apart), apart).alone == TURNED).any()
    together = labelled(images, np.arange(len(images)) % len(upright) % 2)
    assert (of_one_class(find_copies(together), together).alone == TURNED).sum() >= len(upright) - 2


def test_the_finding_says_what_was_undone() -> None:
    images = photographs()
    dataset = labelled(np.concatenate([images, images[:2, ::-1]]))
    measured = {name: measure(split, 2) for name, split in dataset.splits.items()}
    result = check_near_duplicates(CheckContext(dataset, measured))
    assert [issue.detail.split(",")[0] for issue in result.issues] == ["turned by 180 degrees"] * 2
    assert "mirrored" in result.issues[0].detail
    assert "turns by right angles" in result.finding.threshold
