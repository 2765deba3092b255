"""Folders laid out for object detection or segmentation: boxes and masks beside pictures are no classes."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final

from assay.core.text import one_line
from assay.data.listing.names import natural_key
from assay.data.listing.tree import Tree, joined, words_of

#: Words of which people make the names of folders of pictures, and of what belongs to each picture. Beside
#: them such a name has only words that tell no kind of thing: `leftImg8bit`, `SegmentationClass`.
_PICTURES: Final = frozenset(
    "image images img imgs picture pictures photo photos rgb original originals".split()
)
_MASKS: Final = frozenset(
    "mask masks segmentation segmentations seg annotation annotations groundtruth truth gt trimap trimaps "
    "matte mattes label labels".split()
)
_BESIDES: Final = frozenset(
    "jpeg jpg png left right bit color raw input class object instance fine coarse ground "
    "train training val valid validation test testing set data".split()
)

#: Of these, words that tell nothing else, whatever stands beside them: `lung masks`, `tumor_segmentation`.
_PLAIN_MASKS: Final = _MASKS - {"annotation", "annotations", "truth", "gt", "label", "labels", "seg"}

#: So large a share of their names must be those of pictures.
_SHARE: Final = 0.9

#: What the name of a mask ends in, after that of its picture: `benign (1)_mask`, `ISIC_07_segmentation`.
_ENDINGS: Final = (
    *(sign + word for sign in "_-. " for word in ("mask", "masks", "segmentation", "groundtruth", "trimap")),
    *("_seg", "_gt", "_ground_truth", "_annotation", "_matte", "_label", "_labels"),
)
_NUMBER: Final = "0123456789_- "

#: How columns are called that hold the sides of a box.
_BOXES: Final = (
    ("xmin", "ymin", "xmax", "ymax"),
    ("x_min", "y_min", "x_max", "y_max"),
    ("x1", "y1", "x2", "y2"),
    ("x", "y", "width", "height"),
)

#: Fewer such names are taken for a chance.
_FEWEST_MASKS: Final = 3


def pictures_and_masks(names: Sequence[str]) -> bool:
    """Whether all would-be classes are folders of pictures and of masks, both of them there."""
    masks = [name for name in names if _made_of(name, _MASKS, _PICTURES)]
    pictures = [name for name in names if name not in masks and _made_of(name, _PICTURES)]
    return bool(masks and pictures) and len(masks) + len(pictures) == len(names)


def pictures_with_masks(names: Sequence[str]) -> bool:
    """Whether some folders in one of a class are of its pictures, and all others of masks of something."""
    others = [name for name in names if not _made_of(name, _PICTURES)]
    return 0 < len(others) < len(names) and all(words_of(name) & _PLAIN_MASKS for name in others)


def only_pictures(names: Iterable[str]) -> bool:
    """Whether all names say that there are pictures, and not of what: `images`, `JPEGImages`."""
    return all(_made_of(name, _PICTURES) for name in names)


def _made_of(name: str, words: frozenset[str], also: frozenset[str] = frozenset()) -> bool:
    """Whether a name has one of some words, and no word that is not among them, `also` or `_BESIDES`."""
    found = words_of(name)
    return bool(found & words) and found <= words | also | _BESIDES


def tell_of_objects(names: Iterable[str]) -> bool:
    """Whether one of some names is that of annotations, such as boxes: `labels`, `XMLAnnotations`."""
    return any(words_of(name) & _MASKS for name in names)


def beside_other_files(tree: Tree, folders: Iterable[str]) -> list[str]:
    """The names of folders with files of other kinds alone, beside folders of images given by their paths."""
    above = {folder.rpartition("/")[0] for folder in folders}
    return [
        folder.rpartition("/")[2]
        for folder in tree.plain
        if folder and not tree.total(folder) and folder.rpartition("/")[0] in above
    ]


def masks_among(files: Mapping[str, Iterable[str]]) -> set[str]:
    """The paths of images that are named after another one beside them, as its mask. files: by folder.

    `benign (1)_mask.png` and `benign (1)_mask_1.png` belong to `benign (1).png`. Without that one, or where
    fewer than three are so named, they are images as others are.
    """
    found = set()
    for folder, names in files.items():
        stems = {name: name.rpartition(".")[0].casefold() for name in names}
        masks = {name: of for name, stem in stems.items() if (of := _picture_of(stem))}
        pictures = set(stems.values()) if masks else set()
        found |= {joined(folder, name) for name, of in masks.items() if of in pictures}
    return found if len(found) >= _FEWEST_MASKS else set()


def notes_on_boxes(columns: Iterable[str]) -> list[str]:
    """A note on a table whose columns tell where things lie in pictures."""
    names = {name.strip().casefold(): name for name in columns}
    sides = next((box for box in _BOXES if names.keys() >= set(box)), None)
    if sides is None:
        return []
    told = ", ".join(one_line(names[side]) for side in sides)
    return [f"the columns {told} tell of boxes in pictures: each picture is read whole, as of one class"]


def in_folders_of_masks(tree: Tree, files: Mapping[str, Iterable[str]]) -> set[str]:
    """The paths of images that lie in a folder of masks beside one of pictures: `cat/masks`, `cat/images`."""
    return {
        joined(folder, name)
        for folder, names in files.items()
        if _below_masks(tree, folder) or _of_pictures_beside(folder, files)
        for name in names
    }


def _of_pictures_beside(folder: str, files: Mapping[str, Iterable[str]]) -> bool:
    """Whether a folder has a word for masks, and its files are called as those in a folder of pictures beside
    it are: `lung masks/1.png`, `images/1.png`."""
    above, _, name = folder.rpartition("/")
    if not above or not words_of(name) & _PLAIN_MASKS:
        return False
    own = {_bare(file) for file in files[folder]}
    beside = (other for other in files if other != folder and other.rpartition("/")[0] == above)
    return any(
        len(own & set(map(_bare, files[other]))) >= _SHARE * len(own)
        for other in beside
        if only_pictures([other.rpartition("/")[2]])
    )


def _bare(file: str) -> str:
    """The name of a picture, or of the picture that a mask of this name belongs to."""
    stem = file.rpartition(".")[0].casefold()
    return _picture_of(stem) or stem


def _below_masks(tree: Tree, folder: str) -> bool:
    parts = folder.split("/")
    return any(
        _made_of(name, _MASKS, _PICTURES) and pictures_and_masks(tree.full("/".join(parts[:depth])))
        for depth, name in enumerate(parts)
    )


def note_on_masks(masks: Collection[str], option: str) -> list[str]:
    """A note on images that are left out as masks of others. option: what reads the folders as they are."""
    if not masks:
        return []
    first = one_line(min(masks, key=natural_key))
    return [
        f"{len(masks):,} images are named as masks of images beside them, or lie in folders of masks, "
        f"{first} the first: left out ({option} reads them as images)"
    ]


def _picture_of(stem: str) -> str:
    """The name of the picture that a mask of this name belongs to; empty where it is not so named."""
    bare = stem if stem.endswith(_ENDINGS) else stem.rstrip(_NUMBER)
    ending = next((ending for ending in _ENDINGS if bare.endswith(ending)), "")
    return bare.removesuffix(ending) if ending else ""
