"""What every source promises, held by one test run over all of them."""

import hashlib
import io
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import fsspec
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from assay.core.errors import AssayError
from assay.data.convert import convert
from assay.data.inspect import inspect
from assay.data.load import as_request, chosen_source
from assay.data.request import OPTIONS
from assay.data.sources import SOURCES, fashion_mnist, image_dataset
from assay.data.sources.image_dataset import cache_key
from assay.data.values import Dataset
from assay.workflow.load import load
from corpus.prepared import prepared_set

CLASSES = ("ant", "bee", "cow")

Options = dict[str, Any]


@pytest.fixture
def cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSAY_CACHE", str(tmp_path_factory.mktemp("cache")))


def _arrays(count: int, seed: int) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    images = np.random.default_rng(seed).integers(0, 256, (count, 8, 8), np.uint8)
    return images, np.arange(count) % 3


@pytest.fixture(params=[True, False], ids=["with-test", "train-only"])
def expected(request: pytest.FixtureRequest, cache: None) -> Dataset:
    """24 training images of three classes, and 12 test images or none."""
    arrays = (*_arrays(24, 0), *_arrays(12, 1)) if request.param else _arrays(24, 0)
    return load(arrays=arrays, classes=CLASSES)


def _as_arrays(dataset: Dataset, _: Path) -> Options:
    return {"arrays": [values for s in dataset.splits.values() for values in (s.images, s.labels)]}


def _idx(dataset: Dataset, place: Path) -> Options:
    place.mkdir()
    for name, split in dataset.splits.items():
        prefix = {"train": "train", "test": "t10k"}[name]
        for kind, values in (("images", split.images[..., 0]), ("labels", split.labels.astype(np.uint8))):
            sizes = b"".join(size.to_bytes(4, "big") for size in values.shape)
            content = bytes([0, 0, 8, values.ndim]) + sizes + values.tobytes()
            (place / f"{prefix}-{kind}-idx{values.ndim}-ubyte").write_bytes(content)
    return {"data": place}


def _tfds(dataset: Dataset, place: Path) -> Options:
    parts = {name: (split.images[..., 0], split.labels) for name, split in dataset.splits.items()}
    return {"data": prepared_set(place / "tiny" / "1.0.0", parts, CLASSES)}


def _archive(dataset: Dataset, place: Path) -> Options:
    folder = convert(dataset, place)
    with zipfile.ZipFile(f"{place}.zip", "w") as archive:
        for path in sorted(folder.rglob("*")):
            archive.write(path, path.relative_to(folder))
    return {"data": f"{place}.zip"}


def _pixel_table(dataset: Dataset, place: Path) -> Options:
    place.mkdir()
    for name, split in dataset.splits.items():
        header = ["label", *(f"pixel{number}" for number in range(split.images[0].size))]
        rows = [[label, *image.ravel()] for image, label in zip(split.images, split.labels, strict=True)]
        text = "\n".join(",".join(map(str, row)) for row in (header, *rows))
        (place / f"set_{name}.csv").write_text(text)
    return {"data": place}


def _table(dataset: Dataset, place: Path) -> Options:
    folder = convert(dataset, place)
    paths = [path.relative_to(folder) for path in sorted(folder.rglob("*.png"))]
    splits = [path.parts[0] if len(path.parts) > 2 else "train" for path in paths]
    rows = [f"{path},{path.parts[-2]},{split}\n" for path, split in zip(paths, splits, strict=True)]
    (folder / "list.csv").write_text("file_name,label,split\n" + "".join(rows))
    return {"data": folder / "list.csv"}


def _python(dataset: Dataset, _: Path) -> Options:
    """Pairs of image and class by split, as data sets of torch have them."""
    pairs = {
        name: [
            (image, dataset.classes[label]) for image, label in zip(split.images, split.labels, strict=True)
        ]
        for name, split in dataset.splits.items()
    }
    return {"data": pairs}


def _web_dataset(dataset: Dataset, place: Path) -> Options:
    place.mkdir()
    for name, split in dataset.splits.items():
        with tarfile.open(place / f"set-{name}-000000.tar", "w") as archive:
            for row, (image, label) in enumerate(zip(split.images, split.labels, strict=True)):
                content = io.BytesIO()
                Image.fromarray(image[..., 0]).save(content, "PNG")
                for ending, data in (("png", content.getvalue()), ("cls", dataset.classes[label].encode())):
                    info = tarfile.TarInfo(f"{row:05}.{ending}")
                    info.size = len(data)
                    archive.addfile(info, io.BytesIO(data))
    return {"data": place}


def _stored(place: Path) -> Options:
    """A folder as it lies on object storage: in fsspec's file system in memory."""
    address = f"/{place.parent.name}-{place.name}"
    fsspec.filesystem("memory").put(str(place), address, recursive=True)
    return {"data": f"memory:/{address}"}


def _stored_shards(dataset: Dataset, place: Path) -> Options:
    _web_dataset(dataset, place)
    return _stored(place)


def _stored_files(dataset: Dataset, place: Path) -> Options:
    return _stored(convert(dataset, place))


#: How a set comes into the form that a source reads.
MADE: Mapping[str, Callable[[Dataset, Path], Options]] = {
    "python": _python,
    "arrays": _as_arrays,
    "hf": lambda dataset, place: {"data": f"hf:{convert(dataset, place / 'set.parquet').parent}"},
    "tfds": _tfds,
    "idx": _idx,
    "numpy": lambda dataset, place: {"data": convert(dataset, place.with_suffix(".npz"))},
    "archive": _archive,
    "pixel-table": _pixel_table,
    "parquet": lambda dataset, place: {"data": convert(dataset, place.with_suffix(".parquet"))},
    "webdataset": _web_dataset,
    "stored shards": _stored_shards,
    "stored files": _stored_files,
    "folder": lambda dataset, place: {"data": convert(dataset, place)},
    "table": _table,
}

#: Sources of one data set each, which no test can make: training and test images.
NAMED = {"fashion-mnist": (60_000, 10_000), "fashion-mnist-sample": (2_000, 500)}


def test_every_source_is_held_to_it() -> None:
    """A new source needs a line here."""
    assert MADE.keys() | NAMED.keys() == {source.name for source in SOURCES}
    assert len(SOURCES) == len(MADE) + len(NAMED)


def _labelled(dataset: Dataset) -> list[tuple[str, bytes, str]]:
    """Split, digest and class of every image, in an order that does not depend on the form."""
    return sorted(
        (name, digest.tobytes(), dataset.classes[label])
        for name, split in dataset.splits.items()
        for digest, label in zip(split.digests, split.labels, strict=True)
    )


def _check_second_read(options: Options, monkeypatch: pytest.MonkeyPatch, other: Path) -> Dataset:
    """Read three times, the last time without what the cache holds: equal in all, pixels and order too."""
    first, again = load(**options), load(**options)
    monkeypatch.setenv("ASSAY_CACHE", str(other))
    for found in (again, load(**options)):
        assert found.fingerprints == first.fingerprints
        assert (found.classes, found.name, found.source) == (first.classes, first.name, first.source)
        for name, split in first.splits.items():
            assert found.splits[name].ids == split.ids
            np.testing.assert_array_equal(found.splits[name].images, split.images)
            np.testing.assert_array_equal(found.splits[name].labels, split.labels)
    for split in first.splits.values():
        assert len(set(split.ids)) == len(split)
        digests = [hashlib.sha256(image.tobytes()).digest() for image in split.images]
        assert len(set(digests)) == len(set(split.digests.view("V32").ravel().tolist()))
    return first


@pytest.mark.parametrize("source", MADE)
def test_the_contract(
    source: str, expected: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same images with the same labels, again and again, under names of their own; a given test split is
    kept, and where there is none one is drawn, stratified, the same every time."""
    options = {**MADE[source](expected, tmp_path / "set"), "classes": CLASSES}
    assert chosen_source(as_request(**options)).name == source
    found = _check_second_read(options, monkeypatch, tmp_path / "other")
    assert found.fingerprints == expected.fingerprints
    assert found.classes == CLASSES
    assert _labelled(found) == _labelled(expected)
    drawn = load(**options, test_fraction=0.25, seed=1)
    if "test" in expected.splits:
        assert drawn.fingerprints == expected.fingerprints
    else:
        assert drawn.fingerprints == load(**options, test_fraction=0.25, seed=1).fingerprints
        assert drawn.splits["test"].counts(3).tolist() == [2, 2, 2]
        both = {digest for _, digest, _ in _labelled(drawn)}
        assert both == {digest for _, digest, _ in _labelled(expected)}
        assert len(drawn.train) == 18


@pytest.mark.parametrize(
    "source", [pytest.param(n, marks=[pytest.mark.real_data] * (n == "fashion-mnist")) for n in NAMED]
)
def test_the_contract_of_a_named_set(source: str) -> None:
    """The splits as they were published, again and again; nothing is drawn from them."""
    try:
        load(source, offline=True)
    except AssayError as error:
        pytest.skip(f"{source} is not on this machine ({error.code})")
    assert chosen_source(as_request(source)).name == source
    first, drawn = load(source, offline=True), load(source, offline=True, test_fraction=0.5)
    assert (first.classes, drawn.fingerprints) == (fashion_mnist.CLASSES, first.fingerprints)
    assert tuple(len(split) for split in first.splits.values()) == NAMED[source]
    for name, split in first.splits.items():
        assert split.counts(10).tolist() == [NAMED[source][name == "test"] // 10] * 10
        assert len(set(split.ids)) == len(split)
        assert drawn.splits[name].ids == split.ids


#: A value of each option that changes what is read.
GIVEN: Mapping[str, object] = {
    "classes": ("wasp", "moth", "calf"),
    "floats": True,
    "channel_order": "last",
    "size": "3x4",
    "resize": "crop",
    "path_column": "file_name",
    "label_column": "label",
    "split_column": "split",
    "group_column": "label",
    "layout": "classes",
    "split_names": {"train": "train"},
    "follow_links": True,
    "root": ".",
    "skip_unlabelled": True,
}

TAKES = {source.name: source.takes for source in SOURCES}


def test_every_option_has_a_value_here() -> None:
    """An option that no source takes, or that is not tried below, would be dead."""
    assert GIVEN.keys() == OPTIONS.keys() == set().union(*TAKES.values())


@pytest.mark.parametrize("option", OPTIONS)
def test_what_is_cached_hangs_on_every_option(option: str, tmp_path: Path) -> None:
    """Another value of an option is another entry: what was read with one is never given for the other."""
    plain, asked = as_request(tmp_path), as_request(tmp_path, **{option: GIVEN[option]})
    keys = [cache_key(request, "folder", tmp_path, "stamp") for request in (plain, asked, asked)]
    assert keys[0] != keys[1] == keys[2]


def test_what_other_code_read_is_read_again(
    cache: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A kept folder or archive had the classes that an earlier version took its folders for."""
    made = MADE["folder"](load(arrays=_arrays(24, 0), classes=CLASSES), tmp_path / "set")
    built: list[str] = []
    build = image_dataset._built
    for code in ("one", "one", "two", "two"):
        monkeypatch.setattr(image_dataset, "code_version", lambda _, code=code: code)
        monkeypatch.setattr(
            image_dataset, "_built", lambda *all_, code=code: (built.append(code), build(*all_))[1]
        )
        load(**made)
    assert built == ["one", "two"]


@pytest.mark.parametrize(("source", "option"), [(s, o) for s in TAKES for o in OPTIONS if o not in TAKES[s]])
def test_an_option_that_a_source_does_not_take_is_refused(
    source: str, option: str, cache: None, tmp_path: Path
) -> None:
    """It would be ignored in silence; so it stops, naming the option, before anything is read."""
    dataset = load(arrays=_arrays(24, 0), classes=CLASSES)
    options = {"data": source} if source in NAMED else MADE[source](dataset, tmp_path / "set")
    with pytest.raises(AssayError, match="option-not-used") as caught:
        load(**options, **{option: GIVEN[option]})
    assert str(caught.value).startswith(f"error[option-not-used]: {OPTIONS[option]}: ")


@pytest.mark.parametrize("source", MADE)
def test_every_source_takes_a_name_and_class_names(source: str, cache: None, tmp_path: Path) -> None:
    """The user's own name for the set counts in every form; those of classes where data have none."""
    made = MADE[source](load(arrays=_arrays(24, 0)), tmp_path / "set")
    if source == "tfds":  # its class names are stored with it
        assert load(**made, name="mine", classes=CLASSES).name == "mine"
        return
    found = load(**made, name="mine", classes=GIVEN["classes"])
    assert (found.name, found.classes) == ("mine", GIVEN["classes"])


@pytest.mark.parametrize("source", ["archive", "folder", "hf", "parquet", "table", "webdataset"])
def test_sources_of_image_files_take_a_size(source: str, cache: None, tmp_path: Path) -> None:
    """Each brings its images to the size that was asked for."""
    made = MADE[source](load(arrays=_arrays(24, 0), classes=CLASSES), tmp_path / "set")
    assert load(**made, size="3x4").shape == (3, 4, 1)


@pytest.mark.parametrize("column", ["path_column", "label_column", "split_column", "group_column"])
def test_a_column_means_nothing_without_a_table(column: str, cache: None, tmp_path: Path) -> None:
    """A folder of classes has no columns, though a folder with a table has."""
    folder = convert(load(arrays=_arrays(24, 0), classes=CLASSES), tmp_path / "set")
    for look in (load, inspect):
        with pytest.raises(AssayError, match=r"option-not-used.*a folder without a table"):
            look(folder, **{column: "label"})


def test_a_named_set_keeps_its_class_names(cache: None) -> None:
    """Other names are refused; its own, as a model of it carries them, are no contradiction."""
    with pytest.raises(AssayError, match=r"class-names.*has class names of its own"):
        load("fashion-mnist-sample", classes=tuple("abcdefghij"))
    assert load("fashion-mnist-sample", classes=fashion_mnist.CLASSES, name="clothes").name == "clothes"
