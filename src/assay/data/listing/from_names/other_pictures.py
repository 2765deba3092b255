"""Files among the classes that may hold pictures in forms that are not read: arrays, volumes, clips."""

from collections import Counter
from collections.abc import Collection, Mapping
from pathlib import PurePosixPath
from typing import Final

from assay.core.text import counted, one_line
from assay.data.listing.names import natural_key
from assay.data.listing.tree import words_of

#: Endings of files that hold pictures, and are not read as one.
_HOLD_PICTURES: Final = frozenset(
    ".npy .npz .mat .h5 .hdf5 .nii .gz .mha .mhd .nrrd .svs .ndpi .mrxs .scn .vsi .czi .nd2 .lif .oib .oir "
    ".ims .zarr .mp4 .avi .mov .mkv .webm .mpg .mpeg .pdf .djvu .bin .raw .dat .img .hdr .tfrecord".split()
)

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


def _some(told: list[str]) -> str:
    return ", ".join(told[:3]) + (f" and {len(told) - 3:,} more" if len(told) > 3 else "")
