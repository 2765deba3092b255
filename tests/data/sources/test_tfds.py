import json
import sys
import types

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.core.errors import AssayError
from assay.data.formats.tfrecord import masked_crc32c, parse_example, read_tfrecords
from assay.workflow.load import load
from corpus.prepared import example, prepared_set, tfrecord

pytestmark = pytest.mark.usefixtures("own_cache")

NAMES = ("ant", "bee", "cow")


def pictures(count, seed):
    return np.random.default_rng(seed).integers(0, 256, (count, 5, 4), np.uint8)


def prepare(folder, form, shards=2, names=NAMES, label=None):
    """A folder as TensorFlow Datasets 4.9 prepares it: 12 training and 6 test images of three classes."""
    parts = {
        split: (pictures(count, seed), [i % 3 if label is None else label for i in range(count)])
        for split, count, seed in (("train", 12, 0), ("test", 6, 1))
    }
    return prepared_set(folder, parts, names, form, shards)


@pytest.fixture
def expected():
    return load(arrays=(pictures(12, 0), np.arange(12) % 3, pictures(6, 1), np.arange(6) % 3), classes=NAMES)


def refused(data, code, exit_code=3, **options) -> str:
    with pytest.raises(AssayError) as caught:
        load(data, **options)
    assert (caught.value.code, caught.value.exit_code) == (code, exit_code)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("form", ["tfrecord", "array_record"])
def test_a_prepared_set(tmp_path, monkeypatch, expected, form):
    """By its folder, or by name below TFDS_DATA_DIR; the newest version counts."""
    prepare(tmp_path / "tiny" / "1.0.0", form)
    newest = prepare(tmp_path / "tiny" / "1.0.10", form)
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path))
    found = load("tfds:tiny")
    assert found.fingerprints == expected.fingerprints
    assert found.classes == NAMES
    assert (found.name, found.source, found.location) == ("tiny", "tfds", str(newest))
    assert load(newest) == found
    assert found.train.ids[0] == "train/00"


def test_checksums_by_hand():
    """CRC-32C of "123456789" is 0xe3069283 (RFC 3720 uses the same polynomial), masked as TFRecord says."""
    crc = 0xE3069283
    assert masked_crc32c(b"123456789") == (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF


@given(st.lists(st.binary(max_size=40)))
def test_tfrecord_round_trip(tmp_path_factory, records):
    """Any records come back."""
    path = tmp_path_factory.getbasetemp() / "records"
    path.write_bytes(tfrecord(records))
    assert list(read_tfrecords(path)) == records


@given(
    st.dictionaries(st.text(max_size=5), st.binary(max_size=9) | st.integers(-(2**63), 2**63 - 1)),
    st.booleans(),
)
def test_example_round_trip(tmp_path_factory, features, packed):
    """Any features of bytes and whole numbers come back, negative ones too."""
    found = parse_example(tmp_path_factory.getbasetemp(), example(features, packed))
    assert found == {name: [value] for name, value in features.items()}


@given(st.binary(max_size=60))
def test_no_bytes_crash_the_parser(tmp_path_factory, data):
    """Whatever they are: features, or one error."""
    try:
        parse_example(tmp_path_factory.getbasetemp(), data)
    except AssayError as error:
        assert error.code == "records-unreadable"


def test_a_cut_or_flipped_tfrecord_is_refused(tmp_path):
    """Everything is under a checksum."""
    folder = prepare(tmp_path / "tiny", "tfrecord", shards=1)
    path = folder / "tiny-train.tfrecord-00000-of-00001"
    content = path.read_bytes()
    for place in range(1, len(content), 37):
        flipped = bytearray(content)
        flipped[place] ^= 8
        for broken in (content[:place], bytes(flipped)):
            path.write_bytes(broken)
            with pytest.raises(AssayError) as caught:
                list(read_tfrecords(path))
            assert caught.value.code == "records-unreadable"
    path.write_bytes(content[:-1])
    refused(folder, "records-unreadable")


@pytest.mark.parametrize("form", ["tfrecord", "array_record"])
def test_records_that_are_missing_or_too_many(tmp_path, form):
    """A file that ends between two records is whole by itself; the description tells of the loss."""
    folder = prepare(tmp_path / "tiny", form, shards=1)
    info = json.loads((folder / "dataset_info.json").read_text())
    for promised in (11, 13):
        info["splits"][0]["shardLengths"] = [str(promised)]
        (folder / "dataset_info.json").write_text(json.dumps(info))
        assert f"12 examples, and dataset_info.json promises {promised}" in refused(
            folder, "records-unreadable"
        )
    if form == "tfrecord":
        (folder / "tiny-train.tfrecord-00000-of-00001").write_bytes(b"")
        assert "0 examples" in refused(folder, "records-unreadable")


def test_a_damaged_array_record_is_refused(tmp_path):
    """Cut, or no such file at all."""
    folder = prepare(tmp_path / "tiny", "array_record", shards=1)
    path = folder / "tiny-train.array_record-00000-of-00001"
    content = path.read_bytes()
    for broken in (b"", b"hello", content[: len(content) // 2], bytes(len(content))):
        path.write_bytes(broken)
        refused(folder, "records-unreadable")


@pytest.mark.parametrize("file", ["dataset_info.json", "features.json"])
@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"splits": 3}', '{"splits": [{"name": "train"}]}'])
def test_nonsense_in_the_descriptions(tmp_path, file, text):
    """One clear line."""
    folder = prepare(tmp_path / "tiny", "tfrecord")
    (folder / file).write_text(text)
    refused(folder, "records-unreadable")


def test_missing_files_and_labels(tmp_path):
    """A shard that is not there; a label outside of the names; a name that is no split's."""
    folder = prepare(tmp_path / "a", "tfrecord")
    (folder / "tiny-test.tfrecord-00001-of-00002").unlink()
    assert "missing" in refused(folder, "records-unreadable")
    assert "label 3" in refused(prepare(tmp_path / "b", "tfrecord", label=3), "label-out-of-range")
    assert "label -1" in refused(prepare(tmp_path / "c", "tfrecord", label=-1), "label-out-of-range")
    assert load(prepare(tmp_path / "d", "tfrecord", names=())).classes == ("0", "1", "2")


def test_a_split_without_labels_is_set_aside_and_others_are_told(tmp_path):
    """Hidden labels are -1: the set was refused for its test split. Of splits such as `extra` nothing was
    said."""
    parts = {
        "train": (pictures(12, 0), [i % 3 for i in range(12)]),
        "test": (pictures(6, 1), [-1] * 6),
        "extra": (pictures(4, 2), [0, 1, 2, 0]),
    }
    found = load(prepared_set(tmp_path / "a", parts, NAMES))
    assert {name: len(split) for name, split in found.splits.items()} == {"train": 12}
    assert "the test split has no labels: its 6 images are left out" in found.notes
    assert "splits that are not called train, validation or test were not read: extra (4)" in found.notes
    assert [(one.split, one.kind) for one in found.left_out] == [("test", "unlabelled")] * 6
    parts["test"] = (pictures(6, 1), [0, 1, 2, 0, -1, -1])
    told = refused(prepared_set(tmp_path / "b", parts, NAMES), "label-out-of-range")
    assert "2 examples of test have the label -1 or none" in told


def test_a_set_that_is_not_prepared(tmp_path, monkeypatch):
    """Offline: where it should lie. Without TensorFlow: what is missing."""
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path))
    assert str(tmp_path / "mnist") in refused("tfds:mnist", "data-unavailable", 5, offline=True)
    monkeypatch.setitem(sys.modules, "tensorflow", None)
    assert "TensorFlow" in refused("tfds:mnist", "missing-extra", 5)
    refused("tfds:../x", "unknown-data", 2)


@pytest.mark.parametrize(
    "name", ["huggingface:mnist", "kubric:movi_a", "owner:mnist/config:1.0.0", ":mnist", "mnist:latest"]
)
@pytest.mark.parametrize("offline", [False, True])
def test_the_code_of_a_namespace_is_never_run(tmp_path, monkeypatch, name, offline):
    """Exit 7 before anything is imported or fetched, even where a folder of that name is prepared."""
    prepare(tmp_path / name / "1.0.0", "tfrecord")
    asked = []
    _as_installed(monkeypatch, tmp_path, lambda *names, **_: asked.append(names))
    assert f"tfds:{name}: " in refused(f"tfds:{name}", "remote-code-refused", 7, offline=offline)
    monkeypatch.setitem(sys.modules, "tensorflow_datasets", None)
    monkeypatch.setitem(sys.modules, "tensorflow", None)
    refused(f"tfds:{name}", "remote-code-refused", 7, offline=offline)
    assert asked == []


@pytest.mark.parametrize(
    "name", ["", "..", "a/..", "/etc", "a//b", "a b", "a/b:c", "a\n", "~", "-a", "C:\\x/y"]
)
def test_what_is_no_name(tmp_path, monkeypatch, name):
    """Nothing outside of the folder of prepared sets is looked at."""
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path))
    with pytest.raises(AssayError) as caught:
        load(f"tfds:{name}")
    assert caught.value.code in ("unknown-data", "remote-code-refused")


def test_one_version_by_its_name(tmp_path, monkeypatch):
    """`name:1.2.3` as TensorFlow Datasets writes it, also behind a configuration, and not the newest."""
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path))
    for version in ("1.0.0", "1.0.1"):
        prepare(tmp_path / "tiny" / version, "tfrecord")
        prepare(tmp_path / "tiny" / "small" / version, "tfrecord")
    for name in ("tiny:1.0.0", "tiny/1.0.0", "tiny/small:1.0.0"):
        assert load(f"tfds:{name}").location == str(tmp_path / name.replace(":", "/"))
    refused("tfds:tiny:1.0.2", "data-unavailable", 5, offline=True)


@pytest.mark.parametrize(
    ("problem", "code", "exit_code", "words"),
    [
        (
            ValueError("Dataset mnits not found.\nAvailable: ..."),
            "unknown-data",
            2,
            "Dataset mnits not found",
        ),
        (ModuleNotFoundError("No module named 'x'"), "missing-extra", 5, "No module named 'x'"),
    ],
)
def test_what_tensorflow_datasets_refuses(tmp_path, monkeypatch, problem, code, exit_code, words):
    """A name that it does not know, and what it cannot import, are one line; not a fault of ours."""

    def builder(name, **options):
        raise problem

    _as_installed(monkeypatch, tmp_path, builder)
    assert words in refused("tfds:mnits", code, exit_code)


def test_a_set_that_cannot_be_fetched(tmp_path, monkeypatch):
    """Without a network: exit 5, and where to put the prepared folder."""

    class Builder:
        def __init__(self, _, **options):
            assert options == {"data_dir": str(tmp_path), "file_format": "array_record"}

        def download_and_prepare(self):
            raise ConnectionError("no route")

    _as_installed(monkeypatch, tmp_path, Builder)
    assert f"copy the folder to {tmp_path}" in refused("tfds:mnist", "data-unavailable", 5)


def _as_installed(monkeypatch, folder, builder):
    """Stand-ins for TensorFlow and TensorFlow Datasets."""
    monkeypatch.setenv("TFDS_DATA_DIR", str(folder))
    monkeypatch.setitem(sys.modules, "tensorflow", types.ModuleType("tensorflow"))
    stand_in = types.ModuleType("tensorflow_datasets")
    stand_in.builder = builder
    monkeypatch.setitem(sys.modules, "tensorflow_datasets", stand_in)
