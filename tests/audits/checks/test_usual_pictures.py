"""What is usual of a class or a size is no fault: white paper, fine stripes, few images, few pixels."""

import numpy as np
import pytest

from assay.audits.checks.context import CheckContext, Checked
from assay.audits.checks.quality.image_quality import check_quality
from assay.audits.measures.pixel_sums import measure
from assay.data.values import Dataset, Split, numbered_ids


def audited(
    images: np.ndarray, labels: np.ndarray, test: tuple[np.ndarray, np.ndarray] | None = None
) -> Checked:
    """The check's verdict on uint8 `(n, h, w, c)` images."""
    parts = {"train": (images, labels), **({"test": test} if test else {})}
    k = int(labels.max()) + 1
    splits = {
        name: Split.from_arrays(pixels.astype(np.uint8), of, numbered_ids(name, len(of)))
        for name, (pixels, of) in parts.items()
    }
    dataset = Dataset("usual", tuple(f"class {i}" for i in range(k)), splits, "a test")
    return check_quality(CheckContext(dataset, {name: measure(one, k) for name, one in splits.items()}))


def pages(papers: np.ndarray, side: int = 48) -> np.ndarray:
    """Lines of ink on paper of the given gray values, with the noise of a scan."""
    rng = np.random.default_rng(1)
    images = np.repeat(papers.astype(float), side * side).reshape(-1, side, side)
    for page in images:
        for top in range(4, side - 4, 6):
            ink = rng.random(side) < 0.5
            page[top : top + 3, ink] = rng.uniform(10, 60)
    return (images + rng.normal(0, 3, images.shape)).clip(0, 255)[..., None]


def test_white_paper_is_not_burnt_out():
    """In a fifth of a class it is the paper that is white; one page that a lamp shone upon is told."""
    rng = np.random.default_rng(2)
    papers = np.where(rng.random(120) < 0.2, 254, rng.uniform(225, 245, 120))
    images, labels = pages(papers), np.zeros(120, np.int64)
    finding = audited(images, labels).finding
    assert "saturated" not in finding.evidence["kinds"]
    assert "saturated in class 0" in finding.summary  # what is not counted is told
    dim = pages(rng.uniform(180, 200, 120))
    dim[7] = (dim[7] * 1.6).clip(0, 255)
    told = audited(dim, labels)
    assert [(issue.index, issue.kind) for issue in told.issues] == [(7, "saturated")]


@pytest.mark.parametrize("rows", [3.0, 3.6, 4.0, 4.6])
def test_fine_stripes_across_are_in_order(rows: float):
    """Each so many rows, in a few pictures of a class; the same with their rows in disorder are told."""
    rng = np.random.default_rng(3)
    side, n = 48, 80
    y = np.arange(side)[:, None] + np.zeros((1, side))
    x = y.T
    images = []
    for i in range(n):
        long = rows if i < 8 else rng.uniform(12, 20)
        wave = np.sin(2 * np.pi * (y + 0.05 * x) / long + rng.uniform(0, 6))
        images.append(128 + 60 * wave + rng.normal(0, 5, (side, side)))
    pixels = np.stack(images).clip(0, 255)[..., None]
    labels = np.zeros(n, np.int64)
    assert "shuffled" not in audited(pixels, labels).finding.evidence["kinds"]
    pixels[40] = pixels[40][rng.permutation(side)]
    assert [i.index for i in audited(pixels, labels).issues if i.kind == "shuffled"] == [40]


def glowing(n: int, bright: bool, seed: int, side: int = 24) -> np.ndarray:
    """A spot in the dark: of two pixels, too few to be among the brightest hundredth, or of many."""
    rng = np.random.default_rng(seed)
    images = rng.integers(0, 12, (n, side, side)).astype(float)
    for picture in images:
        r, c = rng.integers(4, side - 12, 2)
        size = rng.integers(6, 9) if bright else 2
        picture[r : r + size, c : c + size // (1 if bright else 2)] = rng.uniform(150, 250)
    return images[..., None]


def test_a_class_of_few_images_has_a_nature_too():
    """Small points are dark pictures, and a class of six of them is like that, in the test split as well."""
    images = np.concatenate([glowing(60, True, 1), glowing(6, False, 2)])
    labels = np.repeat([0, 1], [60, 6])
    test = np.concatenate([glowing(20, True, 3), glowing(2, False, 4)]), np.repeat([0, 1], [20, 2])
    finding = audited(images, labels, test).finding
    assert finding.evidence["kinds"] == {}
    assert finding.evidence["nature"] == [{"kind": "dark", "class": "class 1", "images": 8}]
    lone = np.concatenate([glowing(60, True, 1), glowing(2, False, 2), glowing(4, True, 5)])
    assert audited(lone, labels).finding.evidence["kinds"] == {"dark": 2}


def test_pictures_of_four_pixels_a_side_have_no_sharpness():
    """Each pixel is a part of what is shown; from eight pixels a side on blurred pictures are told."""
    rng = np.random.default_rng(4)
    kinds = {}
    for side in (4, 16):
        images = rng.uniform(20, 60, (200, side, side))
        images[np.arange(200), rng.integers(0, side, 200)] += 120
        images[:5] = np.linspace(20, 200, side)
        kinds[side] = audited(images[..., None], np.zeros(200, np.int64)).finding.evidence["kinds"]
    assert not {"blurry", "cropped"} & set(kinds[4])
    assert "blurry" in kinds[16]


def crossed(n: int) -> np.ndarray:
    """Pictures of 32 pixels with a gray cross each, at another place, in a little noise."""
    rng = np.random.default_rng(4)
    images = rng.normal(30, 4, (n, 32, 32))
    for image in images:
        row, column = rng.integers(6, 24, 2)
        image[row : row + 3] += 120
        image[:, column : column + 3] += 80
    return images.clip(0, 255)[..., None]


def test_what_a_picture_may_show_is_to_be_looked_at() -> None:
    """A twentieth of printed pages is on the whitest paper: they may be burnt out or not, and both is said.
    Of as many black pictures there is no doubt."""
    rng = np.random.default_rng(2)
    papers = np.where(np.arange(300) % 20 == 0, 255.0, rng.uniform(225, 250, 300))
    images, labels = pages(papers).round(), np.arange(300) % 2
    white = papers == 255
    images[white] = np.where(images[white] > 200, 255, images[white])
    told = audited(images, labels)
    assert {issue.kind for issue in told.issues} == {"saturated"}
    assert told.finding.verdict == "warn"
    assert " may be of poor quality: 15 saturated" in told.finding.summary
    assert "saturated may be so by what it shows: the pixels cannot say" in told.finding.summary
    black = images.copy()
    black[white] = 0
    lost = audited(black, labels).finding
    assert lost.verdict == "fail"
    assert " are of poor quality: 15 constant" in lost.summary
    assert "cannot say" not in lost.summary
    some = images.copy()
    some[np.flatnonzero(white)[:5]] = 0
    assert " are or may be of poor quality: 5 constant, 10 saturated" in audited(some, labels).finding.summary


@pytest.mark.parametrize(("bad", "verdict"), [(1, "warn"), (2, "warn"), (3, "fail")])
def test_one_bad_file_of_a_small_set_is_no_failure(bad: int, verdict: str) -> None:
    """One of 60 is more than 1 %, and one file."""
    images = crossed(60)
    images[:bad] = 128
    assert audited(images, np.arange(60) % 2).finding.verdict == verdict


def framed(n: int, cut: int, seed: int, side: int = 32) -> np.ndarray:
    """Things in the middle of a plain ground; the first `cut` of them so near that the border cuts them."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:side, :side]
    images = np.full((n, side, side), 240.0)
    for i, picture in enumerate(images):
        tall, wide = rng.uniform(12, 14, 2) + ((0, side) if i < cut else (-6, -6))
        picture[(np.abs(y - 15.5) < tall) & (np.abs(x - 15.5) < wide)] = rng.uniform(60, 180)
    return (images + rng.normal(0, 3, images.shape)).clip(0, 255)[..., None]


@pytest.mark.parametrize(
    ("images", "cut", "told"), [(150, 3, 3), (150, 30, 0), (25, 2, 2), (40, 3, 3), (8, 2, 2), (20, 4, 0)]
)
def test_a_split_of_things_taken_nearer_is_no_list_of_flaws(images: int, cut: int, told: int):
    """A fifth of a class of the test split fills the frame: its pictures are taken so. A few are flaws, of
    few images, too: two of 25 were their own measure."""
    of_train, labels = np.zeros(150, np.int64), np.zeros(images, np.int64)
    found = audited(framed(150, 0, 1), of_train, (framed(images, cut, 2), labels))
    assert [(i.split, i.index, i.kind) for i in found.issues] == [("test", i, "cropped") for i in range(told)]
    excused = [] if told else [{"kind": "cropped", "class": "class 0", "images": cut}]
    assert found.finding.evidence["nature"] == excused


@pytest.mark.parametrize(
    ("ground", "ink", "kind", "word"),
    [(255, 0, "bright", "bright"), (0, 255, "dark", "dark"), (128, 0, "low-contrast", "of low contrast")],
)
def test_a_small_thing_of_a_small_class_is_no_failure(ground: int, ink: int, kind: str, word: str) -> None:
    """Stops and commas on plain paper, five of each: bright, which each may be by what it shows. Pictures of
    the paper alone, and of a speck on it, fail, as do small things where the class has many images that show
    more."""
    rng = np.random.default_rng(5)
    images = np.full((200, 48, 48, 1), float(ground))
    for i, picture in enumerate(images):
        tall, wide = (3, 3) if i % 5 == 0 and i < 40 else rng.integers(20, 40, 2)
        picture[5 : 5 + tall, 5 : 5 + wide] = ink
    few = np.arange(200) // 5
    small = audited(images, few)
    assert small.finding.evidence["kinds"] == {kind: 8}
    assert small.finding.verdict == "warn"
    assert f"What is {word} may be so by what it shows" in small.finding.summary
    assert audited(images, np.zeros(200, np.int64)).finding.verdict == "fail"
    for speck in (False, True):
        images[:40:5] = np.clip(ground + rng.integers(-9, 9, (8, 48, 48, 1)), 0, 255)
        images[:40:5, 20, 20] = ink if speck else ground
        assert audited(images, few).finding.verdict == "fail"
