import gzip
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import assay
from assay.core.errors import AssayError
from assay.data.load import NAMES
from assay.data.releases import RELEASES
from assay.data.sources import SOURCES, sample
from assay.workflow.load import load
from encoded import png


def refused(data, code, exit_code, **options):
    with pytest.raises(AssayError) as caught:
        load(data, **options)
    assert (caught.value.code, caught.value.exit_code) == (code, exit_code)
    return str(caught.value)


def test_the_sample_needs_neither_cache_nor_home(monkeypatch, tmp_path):
    """2,000 and 500 images, balanced, under 1.5 MB, with the license; nothing is written."""
    monkeypatch.setenv("ASSAY_CACHE", str(tmp_path / "none"))
    monkeypatch.setenv("HOME", str(tmp_path / "nohome"))
    data = load("fashion-mnist-sample", offline=True)
    assert data.train.counts(10).tolist() == [200] * 10
    assert data.splits["test"].counts(10).tolist() == [50] * 10
    assert list(tmp_path.iterdir()) == []
    assert sum(path.stat().st_size for path in sample.FOLDER.iterdir()) < 1_500_000
    assert "Zalando" in (sample.FOLDER / "LICENSE.txt").read_text()


def test_the_sample_is_what_it_claims(tmp_path):
    """Its release is known; a changed pixel is an integrity error."""
    data = load("fashion-mnist-sample")
    released = RELEASES["fashion-mnist-sample"].splits
    assert data.fingerprints == {name: split.fingerprint for name, split in released.items()}
    folder = tmp_path / "sample"
    shutil.copytree(sample.FOLDER, folder)
    path = folder / "t10k-images-idx3-ubyte.gz"
    content = bytearray(gzip.decompress(path.read_bytes()))
    content[-1] ^= 1
    path.write_bytes(gzip.compress(bytes(content)))
    with pytest.raises(AssayError) as caught:
        sample.read_from(folder)
    assert caught.value.code == "hash-mismatch"


@pytest.mark.parametrize("wrong", ["fashon-mnist", "Fashion-MNIST-smple", "nonsense"])
def test_an_unknown_name_gets_the_nearest(wrong):
    """Exit 2: what exists, and what was perhaps meant."""
    text = refused(wrong, "unknown-data", 2)
    assert all(name in text for name in NAMES)
    assert ("Did you mean fashion-mnist" in text) == (wrong != "nonsense")


@pytest.mark.parametrize("wrong", ["./fashion-mnist", "/no/where", "~/no/where", "a/b"])
def test_a_path_that_is_not_there(wrong):
    """What is clearly a path is never taken for a name."""
    assert "no such file or folder" in refused(wrong, "unknown-data", 2)


def test_a_path_of_no_known_form(tmp_path):
    """An empty folder holds no images; a file of another kind is not data."""
    refused(tmp_path, "too-few-images", 3)
    (tmp_path / "notes.txt").write_text("hello")
    refused(tmp_path / "notes.txt", "unknown-data", 2)


def test_data_and_arrays_exclude_each_other():
    """Which of them would be meant?"""
    refused("fashion-mnist", "usage", 2, arrays=(np.zeros((1, 2, 2), np.uint8), np.zeros(1, int)))


def test_every_source_says_what_it_is():
    """The table of sources: distinct names, each source with both functions."""
    assert len({source.name for source in SOURCES}) == len(SOURCES)
    assert all(callable(source.matches) and callable(source.read) for source in SOURCES)


def test_a_folder_of_idx_files(idx_folder, labelled):
    """Any image set in IDX files: numbered classes, or the names that are given."""
    data = load(idx_folder)
    np.testing.assert_array_equal(data.train.images[..., 0], labelled(40)[0])
    assert (data.name, data.source, data.classes) == ("idx", "idx", tuple("0123456789"))
    named = load(str(idx_folder), classes="a,b,c,d,e,f,g,h,i,j", name="mine")
    assert (named.name, named.classes) == ("mine", tuple("abcdefghij"))


@pytest.mark.parametrize(
    "name", ["train.images-idx3-ubyte", "train-images.idx3-ubyte", "train-images-idx3-ubyte"]
)
def test_other_names_and_plain_files(idx_folder, name):
    """With or without .gz, with a dot before idx as their first publisher wrote them."""
    packed = idx_folder / "train-images-idx3-ubyte.gz"
    if name.startswith("train-"):
        (idx_folder / name).write_bytes(gzip.decompress(packed.read_bytes()))
        packed.unlink()
    assert len(load(idx_folder).train) == 40


def test_a_plain_file_named_gz_is_read_by_content(idx_folder, heard):
    """Content decides, and the difference is told."""
    path = idx_folder / "train-labels-idx1-ubyte.gz"
    path.write_bytes(gzip.decompress(path.read_bytes()))
    assert len(load(idx_folder, on_event=heard).train) == 40
    assert "not compressed" in heard.warnings()[0]


def test_without_a_test_split(idx_folder):
    """Train alone is a data set; half a pair is not."""
    (idx_folder / "t10k-images-idx3-ubyte.gz").unlink()
    assert "t10k-images" in refused(idx_folder, "file-missing", 3)
    (idx_folder / "t10k-labels-idx1-ubyte.gz").unlink()
    assert list(load(idx_folder).splits) == ["train"]


def test_images_and_labels_must_agree(idx_folder, idx_bytes, labelled):
    """60,000 images and 59,999 labels: both counts and both names (case 13)."""
    (idx_folder / "train-labels-idx1-ubyte.gz").write_bytes(idx_bytes(labelled(39)[1]))
    text = refused(idx_folder, "count-mismatch", 3)
    assert "39 labels for the 40 images of" in text
    assert "train-images-idx3-ubyte.gz" in text


@pytest.mark.parametrize(
    ("dtype", "value", "code"),
    [
        (np.int32, -1, "label-out-of-range"),
        (np.int32, 10, "label-out-of-range"),
        (np.float32, 0.5, "label-not-integer"),
        (np.float64, np.nan, "label-not-integer"),
    ],
)
def test_wrong_labels_in_a_file(idx_folder, idx_bytes, labelled, dtype, value, code):
    """Out of range, negative, float, NaN: file, first index and count (case 14)."""
    path = idx_folder / "train-labels-idx1-ubyte.gz"
    labels = labelled(40)[1].astype(dtype)
    labels[[7, 9]] = value
    path.write_bytes(idx_bytes(labels))
    text = refused(idx_folder, code, 3, classes="a,b,c,d,e,f,g,h,i,j")
    assert "2 of 40 labels" in text
    assert "the first at index 7" in text
    assert str(path) in text


def test_the_current_folder_does_not_matter(monkeypatch, tmp_path):
    """A folder called like a data set does not hide the data set; ./ does."""
    monkeypatch.chdir(tmp_path)
    Path("fashion-mnist-sample").mkdir()
    assert len(load("fashion-mnist-sample").train) == 2000
    refused("./fashion-mnist-sample", "too-few-images", 3)


@pytest.mark.parametrize("split", ["test", "val"])
@pytest.mark.parametrize("command", [assay.audit, assay.train, assay.run, lambda data, **_: load(data).train])
def test_data_without_a_train_split_are_told_so(command, split, tmp_path):
    """It was a KeyError, as if Assay were at fault."""
    for seed, name in enumerate((f"{split}/a", f"{split}/b")):
        (tmp_path / "set" / name).mkdir(parents=True)
        for number in range(6):
            pixels = np.full((8, 8), 100 * seed + number, np.uint8)
            (tmp_path / "set" / name / f"{number}.png").write_bytes(png(pixels))
    more = {"out": tmp_path / "run"} if command is assay.run else {}
    data = load(tmp_path / "set") if command in (assay.audit, assay.train) else tmp_path / "set"
    with pytest.raises(AssayError, match="no train split") as caught:
        command(data, **more)
    assert caught.value.exit_code == 3


def test_names_of_classes_are_the_same_where_the_locale_knows_only_ascii(tmp_path):
    """Python then gives the bytes of a name one by one, and the fingerprint was another."""
    for seed, name in enumerate(("ünï", "二", "plain")):
        (tmp_path / "set" / name).mkdir(parents=True)
        (tmp_path / "set" / name / "a.png").write_bytes(png(np.full((8, 8), seed, np.uint8)))
    code = f"import assay; d = assay.load({str(tmp_path / 'set')!r}); print(ascii(d.classes), d.fingerprint)"
    environment = os.environ | {"ASSAY_CACHE": str(tmp_path / "cache")}
    ascii_only = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    told = [
        subprocess.run([sys.executable, "-c", code], env=environment | more, capture_output=True, text=True)
        for more in ({"LC_ALL": "C.UTF-8"}, ascii_only)
    ]
    assert told[0].stdout == told[1].stdout != "", told
    assert ascii("ünï") in told[0].stdout
