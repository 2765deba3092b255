"""What to type for arrays that tell of each image its split or its group, or that are a class each."""

from collections import Counter
from collections.abc import Iterable, Mapping
from json import dumps
from pathlib import Path
from shlex import quote
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from assay.core.text import counted, one_line
from assay.data.listing.names import split_of
from assay.data.listing.tree import split_in
from assay.data.splitting.group_columns import names_groups

#: The names of a split's images and labels that are read, for a command.
_WRITTEN: Final = {
    "train": ("x_train", "y_train"),
    "validation": ("x_val", "y_val"),
    "test": ("x_test", "y_test"),
}

#: How people call the names of the classes.
CLASS_NAMES: Final = ("classes", "class_names", "label_names")

Arrays = Mapping[str, NDArray[Any]]


def notes_on_rows(path: Path, pair: tuple[str, str], arrays: Arrays) -> list[str]:
    """Notes on arrays with an entry for each image that say its split or its group, with the command.

    path: the `.npz` file, or the folder of `.npy` files. pair: the names of the images and the labels, which
    were read as train alone.
    """
    count = len(arrays[pair[0]])
    rest = {name: values for name, values in arrays.items() if name not in pair and values.ndim == 1}
    rows = _rows_of_splits(rest, count)
    notes = [_note_on_splits(path, pair, rows, arrays)] if "train" in rows and len(rows) > 1 else []
    groups = [name for name, values in rest.items() if len(values) == count and names_groups(name)]
    return notes + [told for name in groups[:1] if (told := _note_on_groups(path, pair, name, rest[name]))]


def _rows_of_splits(rest: Arrays, count: int) -> dict[str, tuple[str, str]]:
    """By split, the array that tells its rows, and Python behind it that does: of an array of words for
    splits, or of row numbers or truth values for each (`train_idx`, `test_mask`)."""
    for name, values in rest.items():
        if len(values) != count or values.dtype.kind != "U":
            continue
        words = {word: split_of(word) for word in np.unique(values).tolist()}
        if all(words.values()) and len(set(words.values())) == len(words):
            return {split: (name, f"=={dumps(word)}") for word, split in words.items() if split}
    found: dict[str, tuple[str, str]] = {}
    for name, values in rest.items():
        split = split_in(name)
        mask = values.dtype.kind == "b" and len(values) == count
        index = values.dtype.kind in "iu" and 0 < len(values) < count and _are_rows(values, count)
        if split is not None and split not in found and (mask or index):
            found[split] = name, ""
    return found


def _are_rows(values: NDArray[Any], count: int) -> bool:
    return bool(values.min() >= 0 and values.max() < count and len(np.unique(values)) == len(values))


def _loading(path: Path, names: Iterable[str]) -> tuple[Path, str]:
    """Where a command is typed, and Python for the arrays `a` of these names."""
    if path.is_file():
        return path.parent, f"a=np.load({dumps(path.name)})"
    return path, f'a={{k:np.load(k+".npy") for k in {dumps(list(names))}}}'


def _note_on_splits(
    path: Path, pair: tuple[str, str], rows: Mapping[str, tuple[str, str]], arrays: Arrays
) -> str:
    named = [name for name in CLASS_NAMES if name in arrays][:1]
    used = dict.fromkeys(array for array, _ in rows.values())
    folder, loading = _loading(path, [*pair, *used, *named])
    name = f"{path.stem}-splits.npz"
    written = ",".join(
        f"{_WRITTEN[split][side]}=a[{dumps(pair[side])}][a[{dumps(array)}]{which}]"
        for split, (array, which) in rows.items()
        for side in (0, 1)
    )
    written += "".join(f",{name}=a[{dumps(name)}]" for name in named)
    code = f"import numpy as np;{loading};np.savez({_new(name)},{written})"
    command = f"(cd {quote(str(folder.absolute()))} && python3 -c {quote(code)})"
    told = ", ".join(map(one_line, used))
    return one_line(
        f"no split was read; {told} may tell it: this writes a file of them: {command} ; then "
        f"give {quote(str(folder / name))}"
    )


def _note_on_groups(path: Path, pair: tuple[str, str], name: str, values: NDArray[Any]) -> str:
    several = [count for count in Counter(values.tolist()).values() if count > 1]
    if not several or len(several) < 2:
        return ""
    folder, loading = _loading(path, [*pair, name])
    columns = ",".join(
        f"{dumps(key)}:list(a[{dumps(of)}])" for key, of in zip(("image", "label"), pair, strict=True)
    )
    code = (
        f"import assay,numpy as np;{loading};"
        f"assay.run({{{columns},{dumps(name)}:a[{dumps(name)}].tolist()}},group_column={dumps(name)})"
    )
    command = f"(cd {quote(str(folder.absolute()))} && python3 -c {quote(code)})"
    groups = counted(len(several), "group", "groups")
    return one_line(
        f"the array {name} may name groups: {sum(several):,} images are of {groups} with several; this keeps "
        f"each on one side of a split that Assay draws: {command}"
    )


def way_to_join(path: Path) -> str:
    """How to write one set of arrays that are a class each: of a file, or of the files of a folder."""
    if path.is_dir():
        return (
            "If each is a class: import numpy as np, pathlib; p = sorted(pathlib.Path('.').glob('*.npy')); "
            "a = [np.load(f) for f in p]; np.savez('set.npz', images=np.concatenate(a), "
            "labels=np.concatenate([[f.stem] * len(x) for f, x in zip(p, a)]))"
        )
    name = f"{path.stem}-set.npz"
    code = (
        f"import numpy as np;a=np.load({dumps(path.name)});np.savez({_new(name)},images=np.concatenate("
        "[a[k] for k in a.files]),labels=np.concatenate([[k]*len(a[k]) for k in a.files]))"
    )
    command = f"(cd {quote(str(path.parent.absolute()))} && python3 -c {quote(code)})"
    given = quote(str(path.parent / name))
    return one_line(f"If each is a class, this writes one set of them: {command} ; then give {given}.")


def _new(name: str) -> str:
    """Python for a file that is written, and not over another one."""
    return f'open({dumps(name)},"xb")'
