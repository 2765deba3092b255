"""Pictures that were saved as arrays, a file each, in the folders of their classes."""

from collections.abc import Iterable
from json import dumps
from pathlib import Path, PurePosixPath
from shlex import quote
from typing import Final

from assay.core.text import counted, one_line
from assay.data.listing.tree import splits_of

#: Fewer such files are no pictures of a class each.
_FEWEST: Final = 4

#: Python that joins them: `S` has the split of each folder of splits. Files are loaded without pickle.
_CODE: Final = (
    "import numpy as np;from pathlib import Path;S=SPLITS;"
    'F=sorted(f for f in Path(".").rglob("*.npy") if len(f.parts)>1);'
    'P={s:[f for f in F if S.get(f.parts[0],"train")==s] for s in ("train","validation","test")};'
    'np.savez(open("set.npz","xb"),**{k:v for s,g in P.items() if g for k,v in (("x_"+s,np.stack('
    '[np.load(f) for f in g])),("y_"+s,np.array([f.parent.name for f in g])))})'
)


def hints_on_arrays_in_folders(root: Path, files: Iterable[str]) -> list[str]:
    """A hint on `.npy` files in two folders or more, with the command for one file of arrays; where they have
    one shape, for others no set of arrays is read."""
    paths = [PurePosixPath(name) for name in files if name.lower().endswith(".npy") and "/" in name]
    if len(paths) < _FEWEST or len({path.parent.name for path in paths}) < 2:
        return []
    splits = splits_of(sorted({path.parts[0] for path in paths if len(path.parts) > 2}))
    command = f"(cd {quote(str(root))} && python3 -c {quote(_CODE.replace('SPLITS', dumps(splits)))})"
    count = counted(len(paths), "file of an array lies", "files of arrays lie")
    told = f"{count} in folders, {paths[0]} the first: where each is a picture, all of one shape"
    return [
        one_line(f"{told}, this writes one set of them: {command} ; then give {quote(str(root / 'set.npz'))}")
    ]
