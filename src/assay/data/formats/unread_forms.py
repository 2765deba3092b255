"""Forms of data that are known but not read: what each is called, how it is told, and the way on."""

from dataclasses import dataclass
from typing import Final

from assay.data.formats.signatures import FORMAT_BY_NAME, recognized_format

#: The way on from any file of arrays.
_SAVE: Final = "Save its arrays with numpy.savez, as x_train, y_train, x_test and y_test"


@dataclass(frozen=True)
class UnreadForm:
    """A form of data that Assay does not read.

    name: with its article, as it stands in a message. way: a sentence without its full stop. begins: places
    and bytes, any of which tells the form by its content. endings: of file names, in small letters.
    """

    name: str
    way: str
    begins: tuple[tuple[int, bytes], ...] = ()
    endings: tuple[str, ...] = ()


#: Content is asked first, of all forms in this order; then the name.
UNREAD: Final = (
    UnreadForm(
        "an HDF5 file", f"{_SAVE} (h5py reads them)", ((0, b"\x89HDF\r\n\x1a\n"),), (".h5", ".hdf5", ".he5")
    ),
    UnreadForm(
        "a MATLAB file",
        f"{_SAVE} (scipy.io.loadmat reads them, h5py those of version 7.3), the number of the image first: "
        "numpy.moveaxis(X, -1, 0) where it is last",
        ((0, b"MATLAB "),),
        (".mat",),
    ),
    UnreadForm(
        "a pickle of Python",
        f"It can run code, so it is never read. {_SAVE}; where you trust the file, Python's "
        "pickle.load(open(FILE, 'rb'), encoding='bytes') has them, of CIFAR under b'data' and b'labels' "
        "(of CIFAR-100 b'fine_labels')",
        tuple((0, b"\x80" + bytes([protocol])) for protocol in range(2, 6)),
        (".pkl", ".pickle", ".joblib"),
    ),
    UnreadForm(
        "a file of torch",
        f"It may be a pickle, which can run code. {_SAVE}",
        endings=(".pt", ".pth", ".ckpt"),
    ),
    UnreadForm(
        "an Arrow file",
        'Write Parquet: datasets.load_from_disk("FOLDER")["train"].to_parquet("train.parquet"), '
        "and so for each split",
        ((0, b"ARROW1"),),
        (".arrow", ".feather"),
    ),
    UnreadForm(
        "a file of TFRecords",
        "A set that TensorFlow Datasets prepared is read by its folder; of others only its author knows what "
        "lies where: write the images to a folder for each class with TensorFlow",
        endings=(".tfrecord", ".tfrecords", ".tfrec"),
    ),
    UnreadForm(
        "a part of a Zarr or Deep Lake store",
        f"{_SAVE} (Python's zarr or deeplake opens the folder)",
        endings=(".zarray", ".zgroup", ".zattrs", "zarr.json", "dataset_meta.json", "tensor_meta.json"),
    ),
    UnreadForm(
        "a DuckDB database",
        "Write the table to Parquet: duckdb FILE -c \"COPY TABLE TO 'set.parquet'\"",
        ((8, b"DUCK"),),
        (".duckdb",),
    ),
    UnreadForm(
        "a compressed table",
        "Unpack it: gunzip -k FILE",
        endings=(".csv.gz", ".tsv.gz", ".jsonl.gz", ".csv.bz2", ".csv.xz", ".csv.zip"),
    ),
    UnreadForm(
        "a table of Weka",
        "Write CSV: (grep -i '^@attribute' FILE | awk '{print $2}' | paste -sd, -; "
        "sed '1,/^@data/Id' FILE) > FILE.csv",
        endings=(".arff",),
    ),
    UnreadForm(
        "a table of LIBSVM",
        f"{_SAVE} (sklearn.datasets.load_svmlight_file reads it; the values of an image lie in a row: "
        "X.toarray().reshape(-1, HEIGHT, WIDTH))",
        endings=(".libsvm", ".svmlight", ".svm"),
    ),
    UnreadForm(
        "a project of Teachable Machine",
        "It is a zip of CLASS-!-NUMBER.webp. Unpack it to a folder for each class: python3 -c 'import sys,"
        "zipfile;from pathlib import Path;z=zipfile.ZipFile(sys.argv[1]);[(d.mkdir(parents=True,exist_ok="
        'True),(d/k).write_bytes(z.read(n))) for n in z.namelist() if "-!-" in n and "/" not in n and n[0]!='
        '"." for c,_,k in [n.partition("-!-")] for d in [Path("set",c)]]\' FILE ; then give set',
        endings=(".tm",),
    ),
    UnreadForm(
        "a table of Avro or ORC",
        "Write it as Parquet or CSV",
        ((0, b"Obj\x01"), (0, b"ORC")),
        (".avro", ".orc"),
    ),
    UnreadForm(
        "a manifest",
        "Where it has one object a line, as those of AWS have: copy it to a name that ends in .jsonl, and "
        "give that with --path-column source-ref and --label-column",
        endings=(".manifest",),
    ),
    UnreadForm(
        "a LMDB database",
        "Write its images to a folder for each class (Python's lmdb reads them)",
        endings=(".mdb", ".lmdb"),
    ),
    UnreadForm(
        "a RecordIO file",
        "Write its images to a folder for each class (mxnet.recordio reads them)",
        ((0, b"\x0a\x23\xd7\xce"),),
        (".rec",),
    ),
    UnreadForm(
        "a SQLite database",
        "Write its images to a folder for each class (Python's sqlite3 reads them)",
        ((0, b"SQLite format 3\0"),),
        (".sqlite", ".sqlite3"),
    ),
    UnreadForm(
        "a workbook",
        'Save the sheet as "CSV UTF-8", and give that',
        endings=(".xlsx", ".xls", ".ods", ".xlsm"),
    ),
    UnreadForm(
        "an archive of 7-Zip, RAR, xz or Zstandard",
        "Unpack it, and give the folder",
        ((0, b"7z\xbc\xaf\x27\x1c"), (0, b"Rar!\x1a\x07"), (0, b"\xfd7zXZ\0"), (0, b"\x28\xb5\x2f\xfd")),
        (".7z", ".rar", ".xz", ".zst"),
    ),
    UnreadForm(
        "a video",
        "Take pictures from it (ffmpeg -i VIDEO CLASS/VIDEO_%05d.png), and name the video of each as its "
        "group, for pictures of one video are nearly copies",
        ((4, b"ftypmp4"), (4, b"ftypisom"), (4, b"ftypqt"), (8, b"AVI "), (0, b"\x1a\x45\xdf\xa3")),
        (".mp4", ".avi", ".mov", ".mkv", ".webm", ".mpg", ".mpeg", ".m4v", ".wmv"),
    ),
    UnreadForm(
        "a JSON file",
        "One object a line is read, with a path and a label in each (of a list of objects: "
        "jq -c '.[]' FILE.json > FILE.jsonl); of boxes and outlines in pictures, write a table of path and "
        "label",
        endings=(".json",),
    ),
    UnreadForm(
        "an XML file",
        "Of boxes in pictures (Pascal VOC), write a table of path and label",
        endings=(".xml",),
    ),
    UnreadForm(
        "an IDX file under a name of its own",
        "Call the files as MNIST does: train-images-idx3-ubyte and train-labels-idx1-ubyte, of a test split "
        "t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte",
        ((0, b"\0\0\x08\x01\0"), (0, b"\0\0\x08\x03\0"), (0, b"\0\0\x08\x04\0")),
        (".idx", ".idx1", ".idx3", "-ubyte", "-ubyte.gz"),
    ),
    UnreadForm(
        "a file of bare bytes",
        f"Only its author knows where a picture begins. {_SAVE}: numpy.fromfile(FILE, numpy.uint8), of CIFAR "
        ".reshape(-1, 3073), of which column 0 is the label and 1: are the pixels (--channel-order first), "
        "of STL-10 .reshape(-1, 3, 96, 96).transpose(0, 3, 2, 1)",
        endings=(".bin", ".raw", ".dat"),
    ),
    UnreadForm(
        "a compressed file",
        "Unpack it, and give what is in it: gunzip -k FILE, or bunzip2 -k FILE",
        endings=(".gz", ".bz2"),
    ),
    UnreadForm(
        "a list",
        "Put names of its columns first, and call it a table: "
        "(echo path label; cat LIST.txt) | tr ' ' '\\t' > LIST.tsv",
        endings=(".txt", ".lst", ".list"),
    ),
    UnreadForm(
        "a picture",
        "Give the folder that holds a folder of pictures for each class; to have one picture classified: "
        "assay predict RUN PICTURE",
        endings=tuple(FORMAT_BY_NAME),
    ),
)

#: Forms that a folder without images is not asked about: such files lie beside any set.
BESIDE_ANYTHING: Final = ("a list", "a picture")


def form_of(name: str, first: bytes) -> UnreadForm | None:
    """The form of a file that is not read, by its first bytes (512 suffice) or else by its name."""
    if recognized_format(first):
        return next(form for form in UNREAD if form.name == "a picture")
    by_content = (form for form in UNREAD if any(first.startswith(b, at) for at, b in form.begins))
    by_name = (form for form in UNREAD if name.lower().endswith(form.endings or ("\0",)))
    return next(by_content, None) or next(by_name, None)
