"""Fashion-MNIST (Xiao, Rasul and Vollgraf 2017): found or fetched once, proven, kept in the cache.

Identity is decided by the SHA-256 of the *decoded* files: packers write different gzip headers around
the same content, and whatever else is changed in a file changes what it decodes to.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from assay.core import durable
from assay.core.cache_folder import cache_folder
from assay.core.errors import AssayError
from assay.core.events import warn
from assay.data.formats.idx import IdxFile, read_idx
from assay.data.releases import FASHION_CLASSES
from assay.data.request import Request
from assay.data.sources.array_dataset import dataset_from_arrays, own_classes
from assay.data.sources.packed.unlabelled_rows import RawSplit
from assay.data.storage.cache import OWN_DISK, cached, quarantine
from assay.data.storage.mirrors import DebianPackage, Folder, Mirror, Place
from assay.data.values import Dataset

NAME: Final = "fashion-mnist"

CLASSES: Final = FASHION_CLASSES

#: By split, the names of its image file and its label file.
PAIRS: Final = {
    "train": ("train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"),
    "test": ("t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"),
}

#: SHA-256 of each file's decoded content, as published in 2017.
SHA256: Final = {
    "train-images-idx3-ubyte.gz": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
    "train-labels-idx1-ubyte.gz": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
    "t10k-images-idx3-ubyte.gz": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
    "t10k-labels-idx1-ubyte.gz": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
}

#: Decoded bytes of the largest file; no file is read beyond it.
_LARGEST: Final = 47_040_016

#: What the cache entry takes (58 MB), and beside it the fetched package while it is unpacked.
_BYTES_NEEDED: Final = 125_000_000

#: To be raised when what is kept in the cache changes its form.
_CACHE_KEY: Final = f"{NAME}-2"

#: Where the files may lie or come from, in the order of trying. The publisher's own server speaks plain
#: HTTP: it comes last of the mirrors, and only the digests make it usable at all.
_PLACES: Final[tuple[Place, ...]] = (
    Folder(Path("/usr/share/datasets/fashion-mnist")),
    Mirror("https://storage.googleapis.com/tensorflow/tf-keras-datasets/"),
    Mirror("https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/"),
    Mirror("http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"),
    DebianPackage("dataset-fashion-mnist", "usr/share/datasets/fashion-mnist"),
)

#: The options of a request that this source reads.
TAKES: Final = frozenset({"classes"})


def matches(request: Request) -> bool:
    """Whether Fashion-MNIST was asked for by name."""
    return request.data == NAME


def read(request: Request) -> Dataset:
    """Fashion-MNIST from the cache, or from the first place that has it intact.

    Raises AssayError `data-unavailable` where no place has it; where one has it damaged and none has it
    intact, the error of that place.
    """
    own_classes(request, CLASSES)
    return read_from(_PLACES, request, cache_folder())


def read_from(
    places: Sequence[Place], request: Request, cache: Path, digests: Mapping[str, str] = SHA256
) -> Dataset:
    """As `read`, from other places, into another cache, for files of other digests."""
    asked = [Folder(drop_folder(cache)), *(p for p in places if not (request.offline and p.network))]

    def build(scratch: Path) -> Dataset:
        files = _Search(cache, request, digests).collect(asked, scratch)
        parts = {
            split: RawSplit(files[images].values, files[labels].values, images, labels)
            for split, (images, labels) in PAIRS.items()
        }
        return dataset_from_arrays(NAME, parts, NAME, CLASSES)

    return cached(_CACHE_KEY, build, _BYTES_NEEDED, request.on_event, cache)


def drop_folder(cache: Path) -> Path:
    """Where a user without network puts the four files."""
    return cache / "downloads" / NAME


class _Search:
    """The search for the four files: what was found, and the first damage that was met."""

    def __init__(self, cache: Path, request: Request, digests: Mapping[str, str]) -> None:
        self._cache, self._request, self._digests = cache, request, digests
        self._found: dict[str, IdxFile] = {}
        self._damage: AssayError | None = None

    def collect(self, places: Sequence[Place], scratch: Path) -> Mapping[str, IdxFile]:
        """Each file, from the first place that has it with the right content."""
        for number, place in enumerate(places):
            self._ask(place, durable.make_directory(scratch / str(number)))
            if len(self._found) == len(self._digests):
                return self._found
        raise self._failure(places)

    def _ask(self, place: Place, scratch: Path) -> None:
        """Take from one place what is still missing; one warning tells what it could not give."""
        refusal = None
        for name in [n for n in self._digests if n not in self._found]:
            try:
                self._found[name] = self._take(place, name, scratch)
            except AssayError as error:
                if error.code in OWN_DISK:
                    raise
                refusal = refusal or error
                if error.code == "data-unavailable":
                    break  # it cannot be asked: no need to wait for it three times more
                if error.code != "file-missing":
                    self._damage = self._damage or error
        if refusal is not None:
            warn(self._request.on_event, "load", f"{refusal.where}: {refusal.what}; trying the next place")

    def _take(self, place: Place, name: str, scratch: Path) -> IdxFile:
        path = place.fetch(name, scratch, _LARGEST, self._request.on_event)
        if path is None:
            raise AssayError("file-missing", place.describe(name), "there is no such file", self._mend())
        try:
            content = read_idx(path, _LARGEST)
            if content.sha256 != self._digests[name]:
                raise _changed(path, content.sha256, self._digests[name])
        except AssayError as error:
            kept = quarantine(self._cache, path) if path.is_relative_to(self._cache) else None
            moved = f"; it was moved to {kept}" if kept else ""
            raise AssayError(error.code, place.describe(name), error.what + moved, self._mend()) from error
        return content

    def _failure(self, places: Sequence[Place]) -> AssayError:
        if self._damage is not None:
            return self._damage
        asked = ", ".join(place.describe() for place in places)
        offline = " (the network was not asked: --offline)" if self._request.offline else ""
        return AssayError("data-unavailable", NAME, f"none of these has it: {asked}{offline}", self._mend())

    def _mend(self) -> str:
        return f"Put {', '.join(self._digests)} into {drop_folder(self._cache)}"


def _changed(path: Path, actual: str, expected: str) -> AssayError:
    return AssayError(
        "hash-mismatch",
        path,
        f"its decoded content has SHA-256 {actual}, expected {expected}",
        "Replace the file with an intact copy.",
    )
