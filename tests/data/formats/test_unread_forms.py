"""Forms of data that people have and Assay does not read: each is called by its name, with the way on."""

import pickle
import struct
from pathlib import Path

import pytest

from assay.core.errors import AssayError
from assay.data.formats.unread_forms import UNREAD, form_of
from assay.data.inspect import inspect

#: By form, a file as its program begins one, and a word of the way on.
FILES = {
    "an HDF5 file": ("faces.h5", b"\x89HDF\r\n\x1a\n" + bytes(200), "h5py"),
    "a MATLAB file": ("train_32x32.mat", b"MATLAB 5.0 MAT-file, Platform: GLNXA64".ljust(128), "loadmat"),
    "a pickle of Python": ("data_batch_1", pickle.dumps({b"data": [1]}), "numpy.savez"),
    "a file of torch": ("train.pt", b"PK\x03\x04" + bytes(40), "numpy.savez"),
    "an Arrow file": ("data-00000-of-00001.arrow", struct.pack("<iI", -1, 8) + bytes(40), "to_parquet"),
    "a file of TFRecords": ("train.tfrecord", bytes(40), "TensorFlow"),
    "a part of a Zarr or Deep Lake store": ("zarr.json", b'{"zarr_format": 3}', "zarr or deeplake"),
    "a DuckDB database": ("set.db", bytes(8) + b"DUCK" + bytes(40), "COPY TABLE"),
    "a compressed table": ("labels.csv.gz", b"\x1f\x8b\x08" + bytes(40), "gunzip"),
    "a table of Weka": ("set.arff", b"@relation set\n@attribute p0 numeric\n@data\n0\n", "paste -sd,"),
    "a table of LIBSVM": ("set.libsvm", b"3 1:0.5 7:1\n", "load_svmlight_file"),
    "a project of Teachable Machine": ("project.tm", b"PK\x03\x04" + bytes(40), "folder for each class"),
    "a compressed file": ("photos.gz", b"\x1f\x8b\x08" + bytes(40), "gunzip"),
    "a table of Avro or ORC": ("t.orc", b"ORC" + bytes(40), "Parquet"),
    "a manifest": ("output.manifest", b'{"source-ref": "s3://b/0.jpg", "job": 0}', "source-ref"),
    "a LMDB database": ("data.mdb", bytes(40), "lmdb"),
    "a RecordIO file": ("train.rec", struct.pack("<I", 0xCED7230A) + bytes(40), "mxnet"),
    "a SQLite database": ("set.sqlite", b"SQLite format 3\0" + bytes(80), "sqlite3"),
    "a workbook": ("labels.xlsx", b"PK\x03\x04" + bytes(40), "CSV UTF-8"),
    "an archive of 7-Zip, RAR, xz or Zstandard": ("photos.tar.xz", b"\xfd7zXZ\0" + bytes(40), "Unpack"),
    "a video": ("walk.mp4", b"\0\0\0\x18ftypmp42" + bytes(40), "ffmpeg"),
    "a JSON file": ("annotations.json", b'{"images": [], "annotations": []}', "jq"),
    "an XML file": ("boxes.xml", b"<annotation><object/></annotation>", "table"),
    "an IDX file under a name of its own": ("digits.idx3", struct.pack(">4I", 0x803, 0, 8, 8), "t10k-images"),
    "a file of bare bytes": ("data_batch_1.bin", bytes(range(200)), "numpy.fromfile"),
    "a list": ("train.txt", b"a/0.jpg 0\na/1.jpg 1\n", "path label"),
    "a picture": ("photo.png", b"\x89PNG\r\n\x1a\n" + bytes(40), "folder"),
}


def test_every_form_is_tried_here() -> None:
    """A new form needs a line above."""
    assert {form.name for form in UNREAD} == set(FILES)


@pytest.mark.parametrize("name", FILES)
def test_a_file_is_called_by_its_form(name: str, tmp_path: Path) -> None:
    """The line says what it is, and how its images come to be read."""
    file, content, way = FILES[name]
    path = tmp_path / file
    path.write_bytes(content)
    with pytest.raises(AssayError, match=rf"unknown-data.*{name}") as caught:
        inspect(path)
    assert way in str(caught.value)


@pytest.mark.parametrize("name", sorted(set(FILES) - {"a list", "a picture"}))
def test_a_folder_without_images_names_it(name: str, tmp_path: Path) -> None:
    """As the archive, the database or the shards that a download left there; small files beside them too."""
    file, content, way = FILES[name]
    (tmp_path / file).write_bytes(content)
    (tmp_path / "README.md").write_text("How this was made.\n")
    with pytest.raises(AssayError, match="too-few-images") as caught:
        inspect(tmp_path)
    assert file in str(caught.value)
    assert way.casefold() in str(caught.value).casefold()


def test_data_below_are_named_before_what_describes_them(tmp_path: Path) -> None:
    """As Hugging Face's `save_to_disk` leaves a set, and an archive that held one file in a folder."""
    (tmp_path / "set" / "train").mkdir(parents=True)
    (tmp_path / "set" / "dataset_dict.json").write_text("{}")
    (tmp_path / "set" / "train" / "data-00000-of-00001.arrow").write_bytes(FILES["an Arrow file"][1])
    with pytest.raises(AssayError, match=r"data-00000-of-00001\.arrow is an Arrow file.*to_parquet"):
        inspect(tmp_path / "set")
    (tmp_path / "deep" / "raw").mkdir(parents=True)
    (tmp_path / "deep" / "raw" / "faces.h5").write_bytes(FILES["an HDF5 file"][1])
    with pytest.raises(AssayError, match=r"raw/faces\.h5 is an HDF5 file"):
        inspect(tmp_path / "deep")


def test_content_decides_before_the_ending() -> None:
    """HDF5 under MATLAB's ending (its version 7.3), a pickle called .dat."""
    cases = {
        "an HDF5 file": ("big.mat", b"\x89HDF\r\n\x1a\n"),
        "a MATLAB file": ("big.mat", b"MATLAB 7.3 MAT-file, written by"),
        "a pickle of Python": ("set.dat", pickle.dumps([1], protocol=4)),
        "a video": ("walk.AVI", b"RIFF\0\0\0\0AVI "),
    }
    for name, (file, first) in cases.items():
        found = form_of(file, first)
        assert found is not None
        assert found.name == name


def test_what_nobody_knows_is_not_guessed() -> None:
    """No form, no advice."""
    assert form_of("notes.xyz", b"hello") is None
    assert form_of("", b"") is None


def test_numpy_files_of_a_folder_are_named(tmp_path: Path) -> None:
    """More files of arrays than one set has: each may be a set."""
    for number in range(14):
        (tmp_path / f"{number}.npz").write_bytes(b"PK\x03\x04")
    with pytest.raises(AssayError, match=r"14 files of NumPy arrays, 0\.npz the first: give the path of one"):
        inspect(tmp_path)
