"""The sample of Fashion-MNIST that comes with Assay: for tests, examples and machines without network."""

from pathlib import Path
from typing import Any, Final

from numpy.typing import NDArray

from assay.core.errors import AssayError
from assay.data.formats.idx import read_idx
from assay.data.request import Request
from assay.data.sources.array_dataset import dataset_from_arrays, own_classes
from assay.data.sources.fashion_mnist import CLASSES, PAIRS
from assay.data.sources.packed.unlabelled_rows import RawSplit
from assay.data.values import Dataset

NAME: Final = "fashion-mnist-sample"

FOLDER: Final = Path(__file__).parent.parent / "sample"

#: SHA-256 of each file's decoded content, as scripts/make_sample.py made it.
SHA256: Final = {
    "train-images-idx3-ubyte.gz": "a724cd72799a6b1c3a81c4263865a75a73bb6473673b3394e34adf222930f19e",
    "train-labels-idx1-ubyte.gz": "4738fd437c0f8d6498ae7f6f5c86f1cc3c878d4116ff169fc5635bd6847899cc",
    "t10k-images-idx3-ubyte.gz": "8fdf02ada67d92f4db5ba3c2f6c5b1cc6186ba6e0efd4914661e4389e103b81e",
    "t10k-labels-idx1-ubyte.gz": "9c71808b3a0ebfc091442c0009a7aa35be2d9622bf6aaf6891ce9a0088e96c07",
}

#: The options of a request that this source reads.
TAKES: Final = frozenset({"classes"})


def matches(request: Request) -> bool:
    """Whether the sample was asked for by name."""
    return request.data == NAME


def read(request: Request) -> Dataset:
    """2,000 training and 500 test images, in memory: it needs neither cache nor home.

    Raises AssayError `hash-mismatch` where the installed files were changed.
    """
    own_classes(request, CLASSES)
    return read_from(FOLDER)


def read_from(folder: Path) -> Dataset:
    """As `read`, from another folder."""
    parts = {}
    for split, (images, labels) in PAIRS.items():
        parts[split] = RawSplit(_proven(folder / images), _proven(folder / labels), images, labels)
    return dataset_from_arrays(NAME, parts, NAME, CLASSES, str(folder))


def _proven(path: Path) -> NDArray[Any]:
    content = read_idx(path)
    if content.sha256 != SHA256[path.name]:
        raise AssayError(
            "hash-mismatch",
            path,
            f"its decoded content has SHA-256 {content.sha256}, expected {SHA256[path.name]}",
            "Install Assay again.",
        )
    return content.values
