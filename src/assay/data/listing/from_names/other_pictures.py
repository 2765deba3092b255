"""Files among the classes that may hold pictures in forms that are not read: arrays, volumes, clips."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path, PurePosixPath
from shlex import quote
from typing import Final

from assay.core.text import counted, one_line
from assay.data.formats.signatures import FORMAT_BY_NAME, REFUSED_SUFFIXES
from assay.data.listing.names import natural_key
from assay.data.listing.tree import words_of
from assay.data.values import LeftOut

#: Endings of files that hold pictures, and are not read as one.
_HOLD_PICTURES: Final = frozenset(
    ".npy .npz .mat .h5 .hdf5 .nii .gz .mha .mhd .nrrd .svs .ndpi .mrxs .scn .vsi .czi .nd2 .lif .oib .oir "
    ".ims .zarr .mp4 .avi .mov .mkv .webm .mpg .mpeg .pdf .djvu .bin .raw .dat .img .hdr .tfrecord".split()
)

#: How the placeholders of images end.
_PLACEHOLDERS: Final = tuple(f"{ending}.icloud" for ending in (*FORMAT_BY_NAME, *REFUSED_SUFFIXES))

#: Words for what belongs to pictures and is none.
_BESIDE: Final = frozenset(
    "annotation annotations label labels mask masks seg segmentation gt features embedding embeddings "
    "depth landmarks keypoints metadata meta info points boxes models model checkpoints cache".split()
)


def notes_on_other_pictures(
    others: Mapping[str, Collection[str]],
    images: Mapping[str, Collection[str]],
    places: Mapping[str, tuple[str, str] | None],
) -> list[str]:
    """Notes on folders beside those of classes that hold such files and no image, and on such files among the
    images of a class.

    others, images: names by folder; places: the split and the class of each folder with images.
    """
    above = Counter(folder.rpartition("/")[0] for folder, place in places.items() if place)
    lost, among = [], []
    for folder in sorted(others, key=natural_key):
        name = folder.rpartition("/")[2]
        held = [file for file in others[folder] if PurePosixPath(file).suffix.lower() in _HOLD_PICTURES]
        if not held or words_of(name) & _BESIDE:
            continue
        ending = Counter(PurePosixPath(file).suffix for file in held).most_common(1)[0][0]
        told = f"{one_line(folder)} ({counted(len(held), 'file', 'files')}, {one_line(ending)})"
        if folder not in images:
            below = any(other.startswith(f"{folder}/") for other in images)
            lost += [told] if above[folder.rpartition("/")[0]] > 1 and folder and not below else []
        elif places.get(folder):
            stems = {PurePosixPath(file).stem for file in images[folder]}
            among += [told] if any(PurePosixPath(file).stem not in stems for file in held) else []
    notes = []
    if lost:
        what = "folders beside those of the classes hold no image that is read, so they are no classes"
        notes.append(f"{what}: {_some(lost)}")
    if among:
        what = "files that may hold pictures lie among the images of classes, and were not read"
        notes.append(f"{what}: {_some(among)}")
    return notes


def notes_on_placeholders(root: Path, left_out: Iterable[LeftOut]) -> list[str]:
    """A note on images that iCloud took away to save room: of `IMG_1.jpg` it leaves `.IMG_1.jpg.icloud`."""
    found = [item.id for item in left_out if item.id.lower().endswith(_PLACEHOLDERS)]
    if not found:
        return []
    count = counted(len(found), "image is", "images are")
    way = one_line(f"brctl download {quote(str(root))}")
    return [f"{count} in iCloud alone, {one_line(found[0])} the first: download and read again ({way})"]


def _some(told: list[str]) -> str:
    return ", ".join(told[:3]) + (f" and {len(told) - 3:,} more" if len(told) > 3 else "")
