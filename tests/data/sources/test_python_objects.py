"""`assay.load` of what people hold in Python: frames, data sets, lists; the fingerprint is the folder's."""

import io
from pathlib import Path

import numpy as np
import pandas
import polars
import pytest
import torch
from PIL import Image

from assay.core.errors import AssayError
from assay.data.convert import convert
from assay.data.inspect import inspect
from assay.workflow.load import load

pytestmark = pytest.mark.usefixtures("own_cache")

NAMES = ("cat", "dog", "eel")


@pytest.fixture
def pixels():
    return np.random.default_rng(0).integers(0, 256, (9, 8, 7, 3), np.uint8)


@pytest.fixture
def labels():
    return [NAMES[number % 3] for number in range(9)]


@pytest.fixture
def folder(pixels, labels, tmp_path):
    for number, (image, label) in enumerate(zip(pixels, labels, strict=True)):
        path = tmp_path / "folder" / label / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(path)
    return tmp_path / "folder"


@pytest.fixture
def expected(folder):
    return load(folder).fingerprint


class MapStyle(torch.utils.data.Dataset):
    """As a data set of torch: items by number, each counted when it is asked for."""

    def __init__(self, images, labels, classes=None):
        self.images, self.labels, self.asked = images, labels, []
        if classes:
            self.classes = classes

    def __len__(self):
        return len(self.images)

    def __getitem__(self, number):
        self.asked.append(number)
        return self.images[number], self.labels[number]


class Feature:
    def __init__(self, names=None):
        self.names = names


class HubStyle(MapStyle):
    """As a data set of Hugging Face: items are mappings, names of classes stand in the features."""

    features = {"image": Feature(), "label": Feature(list(NAMES))}  # noqa: RUF012

    def __getitem__(self, number):
        image, label = super().__getitem__(number)
        return {"image": image, "label": label}


def as_paths(folder, pixels, labels):
    return [str(folder / label / f"{n}.png") for n, label in enumerate(labels)]


def as_bytes(path):
    return Path(path).read_bytes()


def forms(folder, pixels, labels):
    """Every form, of one set."""
    paths, numbers = as_paths(folder, pixels, labels), [NAMES.index(label) for label in labels]
    pillow = [Image.fromarray(image) for image in pixels]
    tensors = [torch.from_numpy(image.transpose(2, 0, 1).copy()) for image in pixels]
    short = [str(Path(path).relative_to(folder)) for path in paths]
    return {
        "pandas, absolute paths": (pandas.DataFrame({"path": paths, "label": labels}), {}),
        "pandas, paths below": (pandas.DataFrame({"file": short, "y": labels}), {"root": folder}),
        "pandas, images": (pandas.DataFrame({"image": pillow, "label": labels}), {}),
        "pandas, contents": (pandas.DataFrame({"img": list(map(as_bytes, paths)), "label": labels}), {}),
        "polars": (polars.DataFrame({"path": paths, "class": labels}), {}),
        "torch": (MapStyle(pillow, labels), {}),
        "torch, tensors and numbers": (MapStyle(tensors, torch.tensor(numbers), list(NAMES)), {}),
        "torch, subset": (torch.utils.data.Subset(MapStyle(pillow, numbers, list(NAMES)), range(9)), {}),
        "torch, floats": (MapStyle([t / 255 for t in tensors], labels), {"floats": True}),
        "hub": (HubStyle(pillow, numbers), {}),
        "hub, not decoded": (HubStyle([{"bytes": as_bytes(p), "path": None} for p in paths], numbers), {}),
        "mapping of splits": ({"train": HubStyle(pillow, numbers)}, {}),
        "list of pairs": (list(zip(pillow, labels, strict=True)), {}),
        "lists of images": ((pillow, labels), {}),
        "lists of paths": ((paths, labels), {}),
        "lists of arrays": ([list(pixels), labels], {}),
    }


FORMS = [
    "pandas, absolute paths", "pandas, paths below", "pandas, images", "pandas, contents", "polars", "torch",
    "torch, tensors and numbers", "torch, subset", "torch, floats", "hub", "hub, not decoded",
    "mapping of splits", "list of pairs", "lists of images", "lists of paths", "lists of arrays",
]  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_every_form_has_the_fingerprint_of_the_folder(form, folder, pixels, labels, expected):
    """The same pictures and labels are the same set."""
    given, options = forms(folder, pixels, labels)[form]
    found = load(given, **options)
    assert found.fingerprint == expected
    assert found.classes == NAMES


@pytest.mark.parametrize("out", ["set.npz", "set.parquet", "set"])
@pytest.mark.parametrize("form", ["pandas, paths below", "torch, tensors and numbers", "hub, not decoded"])
def test_a_converted_set_keeps_the_fingerprint(form, out, folder, pixels, labels, expected, tmp_path):
    """There and back again, whatever it came from."""
    given, options = forms(folder, pixels, labels)[form]
    assert load(convert(load(given, **options), tmp_path / out)).fingerprint == expected


def test_every_item_is_asked_for_once_and_three_again(pixels, labels):
    """A data set may compute its items, or draw them at random: three tell which."""
    given = MapStyle([Image.fromarray(image) for image in pixels], labels)
    found = load(given)
    assert len(found.train) == 9
    assert not any("each time" in note for note in found.notes)
    assert given.asked == [*range(9), 0, 4, 8]


def test_items_that_are_drawn_at_random_are_told(pixels, labels):
    """Transforms for training: another crop at each asking was audited as if it were the picture."""

    class Drawn(MapStyle):
        def __getitem__(self, number):
            image, label = super().__getitem__(number)
            return np.roll(image, len(self.asked), axis=1) if number == 4 else image, label

    found = load(Drawn(list(pixels), labels))
    assert [note for note in found.notes if note.startswith("train[4] changes each time it is asked for")]


def test_splits_sizes_and_groups_come_along(pixels, labels):
    """As from a table: a column of splits, one of groups, and pictures of several sizes."""
    images = [Image.fromarray(image[: 4 + n % 2]) for n, image in enumerate(pixels)]
    frame = pandas.DataFrame({"image": images, "label": labels, "patient": list("aabbccdde")})
    frame["split"] = ["train"] * 6 + ["test"] * 3
    found = load(frame, group_column="patient")
    assert {name: len(split) for name, split in found.splits.items()} == {"train": 6, "test": 3}
    assert found.train.columns["group"] == tuple("aabbcc")
    assert inspect(frame).splits == {"train": 6, "test": 3}


def test_orientation_and_depth_are_read_as_from_files(tmp_path):
    """A picture of Pillow keeps what its camera noted, and its 16 bits."""
    exif = Image.Exif()
    exif[0x0112] = 6
    out = io.BytesIO()
    Image.fromarray(np.arange(6, dtype=np.uint8).reshape(2, 3)).save(out, "PNG", exif=exif)
    found = load(([Image.open(io.BytesIO(out.getvalue()))] * 2, ["a", "b"]))
    assert found.train.shape == (3, 2, 1)
    deep = Image.fromarray(np.full((2, 2), 4095, np.uint16))
    dark = Image.fromarray(np.full((2, 2), 0, np.uint16))
    assert load(([deep, dark], ["a", "b"])).train.images.max() == 255


@pytest.mark.parametrize(
    ("given", "code", "words"),
    [
        ([(Image.new("L", (2, 2)), "a"), (Image.new("L", (2, 2)), None)], "table-value", "1 of 2 rows"),
        ([(Image.new("L", (2, 2)), ["a", "b"])], "several-labels", "no single value"),
        (([Image.new("L", (2, 2))], ["a", "b"]), "count-mismatch", "2 labels for 1 images"),
        (iter([]), "unknown-data", "a stream"),
        (pandas.DataFrame({"path": ["nowhere.png"], "label": ["a"]}), "image-unreadable", "no row"),
        (pandas.DataFrame({"width": [1], "label": ["a"]}), "column-missing", "DataFrame"),
        (MapStyle([np.full((2, 2), 0.5)], ["a"]), "bad-arrays", "floats=True"),
        (MapStyle([np.full((2, 2), 300)], ["a"]), "pixel-out-of-range", ""),
        (MapStyle([3], ["a"]), "bad-arrays", "int is no image"),
        (MapStyle([Image.new("L", (2, 2))], [7], ["a", "b"]), "label-out-of-range", "none of the 2"),
        (np.zeros((3, 4, 4), np.uint8), "unknown-data", "assay.load((X, y))"),
    ],
)
def test_what_cannot_be_read_is_told_in_one_line(given, code, words):
    """With the way on."""
    with pytest.raises(AssayError) as caught:
        load(given)
    assert caught.value.code == code
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_rows_without_a_label_are_left_out_on_request():
    """A split without any label is set aside, as from files."""
    images = [Image.new("L", (2, 2), 9 * n) for n in range(4)]
    found = load((images, ["a", "b", None, float("nan")]), skip_unlabelled=True)
    assert (len(found.train), len(found.left_out)) == (2, 2)
    both = {"train": MapStyle(images, list("abab")), "test": MapStyle(images, [-1] * 4)}
    assert list(load(both).splits) == ["train"]


class Failing(MapStyle):
    """Twenty pictures, of which the one at 11 does what the test says."""

    def __init__(self, fail, length: object = 20) -> None:
        super().__init__([Image.new("L", (2, 2), n) for n in range(20)], list("ab") * 10)
        self._fail, self._length = fail, length

    def __len__(self) -> int:
        return self._length() if callable(self._length) else self._length

    def __getitem__(self, index):
        return self._fail(super().__getitem__(index)) if index == 11 else super().__getitem__(index)


def _raising(error: BaseException):
    def fail(_item):
        raise error

    return fail


def _lengthless() -> int:
    raise TypeError("no length")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (
            Failing(_raising(ValueError("two\nlines"))),
            r"item 11 of 20 cannot be read (ValueError: two\nlines)",
        ),
        (Failing(_raising(OSError("the disk is gone"))), "OSError: the disk is gone"),
        (Failing(_raising(StopIteration())), "(StopIteration)"),
        (Failing(_raising(IndexError(11))), "(IndexError: 11)"),
        (Failing(_raising(KeyError("x" * 5000))), "..."),
        (Failing(lambda _item: None), "item 11 is no pair of image and label, but a NoneType"),
        (Failing(lambda item: item[:1]), "item 11 is no pair"),
        (Failing(lambda item: (*item, 1)), "item 11 is no pair"),
        (Failing(lambda _item: (np.zeros((2, 2, 5), np.uint8), "a")), "train[11]"),
        (Failing(lambda _item: (np.zeros(7, np.uint8), "a")), "train[11]"),
        (Failing(None, 10**12), "1,000,000,000,000 items"),
        (Failing(None, -1), "length cannot be had (ValueError"),
        (Failing(None, _lengthless), "length cannot be had (TypeError: no length)"),
    ],
)
def test_a_data_set_that_fails_in_the_middle_is_told_by_its_item(given, words):
    """In one line: whatever somebody's code raises, other items than before, and a length of none."""
    with pytest.raises(AssayError) as caught:
        load(given)
    assert caught.value.code == "bad-arrays"
    assert words in str(caught.value) and "\n" not in str(caught.value) and len(str(caught.value)) < 500


def test_pictures_of_other_sizes_are_read_as_from_a_folder():
    """Sizes and channels that change from item to item become one size, as files of a folder do."""
    images = [np.full((4 + n % 3, 5, 1 + 2 * (n % 2)), 9 * n, np.uint8) for n in range(12)]
    found = load(MapStyle(images, list("ab") * 6))
    assert found.train.shape[2] == 3 and len(found.train) == 12


class Endless:
    """A stream: torch's IterableDataset, a generator, a loader."""

    def __iter__(self):
        while True:
            yield Image.new("L", (2, 2)), "a"


@pytest.mark.parametrize("given", [Endless(), iter(Endless()), (pair for pair in Endless())])
def test_what_never_ends_is_not_begun(given):
    with pytest.raises(AssayError, match="list") as caught:
        load(given)
    assert caught.value.code == "unknown-data"


def test_torch_streams_and_loaders_are_not_begun():
    torch = pytest.importorskip("torch")

    class Stream(torch.utils.data.IterableDataset):
        __iter__ = Endless.__iter__

    for given in (Stream(), torch.utils.data.DataLoader(Stream())):
        with pytest.raises(AssayError) as caught:
            load(given)
        assert caught.value.code == "unknown-data"


def test_an_interruption_passes_through():
    """Ctrl-C and a full memory are nobody's damaged item."""
    for error in (KeyboardInterrupt(), MemoryError()):
        with pytest.raises(type(error)):
            load(Failing(_raising(error)))


def test_a_picture_that_is_cut_off_is_told_and_left_out_as_a_file_is():
    """Pillow reads the file only when its pixels are asked for."""
    out = io.BytesIO()
    Image.fromarray(np.arange(2500, dtype=np.uint8).reshape(50, 50)).save(out, "PNG")
    whole = out.getvalue()
    contents = [whole] * 3 + [whole[: len(whole) // 2]] + [whole] * 4

    def given():
        return MapStyle([Image.open(io.BytesIO(content)) for content in contents], list("ab") * 4)

    with pytest.raises(AssayError, match=r"train/3 .the file is cut off") as caught:
        load(given())
    assert caught.value.code == "image-unreadable"
    found = load(given(), skip_bad=True)
    assert (len(found.train), len(found.left_out)) == (7, 1)


def test_a_frame_with_missing_files_or_paths_names_the_row(tmp_path):
    """Of files that are not there the first, of rows without a path their number; absolute paths too."""
    there = tmp_path / "there.png"
    Image.new("L", (3, 3), 7).save(there)
    frame = pandas.DataFrame({"path": [str(there), str(tmp_path / "gone.png")], "label": ["a", "b"]})
    with pytest.raises(AssayError, match=r"1 image cannot be read: gone.png") as caught:
        load(frame)
    assert caught.value.code == "image-unreadable"
    assert len(load(frame, skip_bad=True).left_out) == 1
    for missing in (None, float("nan"), ""):
        frame.loc[1, "path"] = missing
        with pytest.raises(AssayError, match="row 2 has no path"):
            load(frame)
