"""Archives in a folder without images: each may be a class, or a split, as Teachable Machine saves them."""

from collections.abc import Sequence
from pathlib import Path
from shlex import quote

from assay.core.text import one_line


def place_of(archive: str) -> str:
    """The folder that an archive is unpacked to: its path without the endings of archives."""
    for ending in (".zip", ".7z", ".rar", ".tgz", ".gz", ".bz2", ".xz", ".tar"):
        if archive.lower().endswith(ending):
            archive = archive[: -len(ending)]
    return archive


def hints_on_archives(root: Path, archives: Sequence[str]) -> list[str]:
    """A hint on the archives in a folder, with the command that unpacks each into a folder of its name: put
    together, the images of all classes would be one heap. archives: their names."""
    if not archives:
        return []
    shown = f"{', '.join(map(one_line, archives[:3]))}{' and more' if len(archives) > 3 else ''}"
    one = len(archives) == 1
    there = f"there is an archive inside, {shown}" if one else f"there are archives inside, {shown}"
    how = "unpack it" if one else "unpack each into a folder of its name"
    if not all(name.endswith(".zip") for name in archives):
        return [f"{there}: {how}"]
    each = 'for z in ./*.zip; do python3 -m zipfile -e "$z" "${z%.zip}"; done'
    return [one_line(f"{there}: {how}: (cd {quote(str(root))} && {each}) ; then give {quote(str(root))}")]
