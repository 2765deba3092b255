"""Walking through a folder: a glance tells whether anything changed, which is all that a cached set needs."""

import hashlib
import os
import stat
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from assay.data.formats.safe_open import kind_of, open_folder
from assay.data.listing.names import natural_key
from assay.data.values import LeftOut

#: Folders below the class folder are read too, as deep as this.
_DEEPEST: Final = 32

#: Why links are left out: none was to be followed, this one leads out, or nowhere.
LINK: Final = "a link, not a file"
LINK_OUT: Final = "a link that leads out of the folder"
LINK_DEAD: Final = "a link that leads nowhere"

#: Why `cat.jpg.bak` is left out where `cat.jpg` lies beside it: many programs keep such files.
BACKUP: Final = "a backup of a file beside it"

_BACKUP_ENDINGS: Final = ("~", ".bak", ".orig", ".old")

_HIDDEN: Final = "hidden"
_SYSTEM: Final = "made by a system"

#: Reasons to leave something out that nobody need be told.
OF_NO_ACCOUNT: Final = frozenset((_HIDDEN, _SYSTEM))

#: Folders and files that systems and network drives lay beside pictures, with copies or settings of their
#: own; in lower case. Hidden ones are left out in any case.
_SYSTEM_NAMES: Final = frozenset(
    (
        "__macosx",
        "lost+found",
        "$recycle.bin",
        "system volume information",
        "recycler",
        "@eadir",
        "@recycle",
        "#recycle",
        "#snapshot",
        "@recently-snapshot",
        "thumbnails.noindex",
        "thumbs.db",
        "ehthumbs.db",
        "desktop.ini",
        "icon\r",
        "__pycache__",
    )
)


@dataclass
class Content:
    """What lies directly in one folder, by name: files, folders, and what is left out with the reason."""

    files: list[str] = field(default_factory=list)
    folders: list[str] = field(default_factory=list)
    left_out: list[tuple[str, str]] = field(default_factory=list)


@dataclass(frozen=True)
class Glance:
    """Everything below `root`, in no order: the content of each folder, by its path below the root.

    stamp: a digest of all names and kinds, and of the files' sizes and times of change; hidden things and
    those that systems add by themselves do not count.
    """

    root: Path
    contents: dict[str, Content]
    stamp: str

    @property
    def count(self) -> int:
        """How many files there are."""
        return sum(len(content.files) for content in self.contents.values())


@dataclass
class Walk:
    """What a walk through a folder found: files and folders, by path below the root, in natural order.

    There may be millions of files: no more than its path is kept of each.
    """

    root: Path
    files: list[str] = field(default_factory=list)
    folders: list[str] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)

    def ignore(self, path: str, reason: str) -> None:
        """Leave something out, with the reason."""
        self.left_out.append(LeftOut(path, "ignored", reason))


def glance(root: Path, follow_links: bool = False, within: Path | None = None) -> Glance:
    """All that lies below `root`: regular files; dot-files, links and other things as left out.

    No link is followed, so nothing outside the root is read and no circle is walked. follow_links: those to
    files and folders below `within` (the root) are, each folder once.
    Raises AssayError `file-unreadable` where a folder cannot be listed.
    """
    contents: dict[str, Content] = {}
    digest, level = hashlib.sha256(), [""]
    links = _Links(root, within or root) if follow_links else None
    # One thread: two would hand the interpreter to each other at every file, and take twice as long.
    while level:
        for folder in level:
            contents[folder], stamp = _look_into(root, folder, links)
            digest.update(f"{folder}\0{stamp}\0\0".encode("utf-8", "surrogatepass"))
        level = [_joined(folder, name) for folder in level for name in contents[folder].folders]
    return Glance(root, contents, digest.hexdigest())


def _look_into(root: Path, folder: str, links: "_Links | None") -> tuple[Content, str]:
    """The content of a folder, and a text that is another one when anything in it changes.

    Only "/" and NUL never occur in names; so they part what the text tells of them.
    """
    path, content, stamps = root / folder, Content(), []
    deepest = bool(folder) and folder.count("/") + 1 == _DEEPEST
    for name, found in _entries(path):
        status, why_not = links.followed(folder, name, found) if links else (found, "")
        if stat.S_ISREG(status.st_mode) and name[0] != "." and name.lower() not in _SYSTEM_NAMES:
            if _is_backup(name, content.files):
                content.left_out.append((name, BACKUP))
                stamps.append(f"{name}/{BACKUP}")
                continue
            content.files.append(name)
            stamps.append(f"{name}/{status.st_size}|{status.st_mtime_ns}|{status.st_ctime_ns}")
        elif reason := why_not or _reason_to_leave_out(name, status.st_mode, deepest):
            if stat.S_ISLNK(status.st_mode) and not why_not and not (path / name).exists():
                reason = LINK_DEAD
            content.left_out.append((name, reason))
            stamps += [f"{name}/{reason}"] if reason not in OF_NO_ACCOUNT else []
        else:
            content.folders.append(name)
            stamps.append(f"{name}/folder")
    return content, "\0".join(stamps)


def _is_backup(name: str, before: list[str]) -> bool:
    """Whether a file is called after one of those before it, in order of names, and an ending of backups."""
    for ending in _BACKUP_ENDINGS:
        if name.lower().endswith(ending):
            original = name[: -len(ending)]
            place = bisect_left(before, original)
            return place < len(before) and before[place] == original
    return False


class _Links:
    """Links that stay below a folder: each file, and each folder once, so that no circle is walked."""

    def __init__(self, root: Path, within: Path) -> None:
        self._root, self._within = os.path.realpath(root), os.path.realpath(within)
        self._walked: set[str] = set()

    def followed(self, folder: str, name: str, status: os.stat_result) -> tuple[os.stat_result, str]:
        """The state of what a link leads to; of the link itself, and why, where it is not followed."""
        if not stat.S_ISLNK(status.st_mode):
            return status, ""
        target = os.path.realpath(f"{self._root}/{folder}/{name}")
        own = os.path.realpath(f"{self._root}/{folder}")
        if not os.path.exists(target):  # noqa: PTH110
            return status, LINK_DEAD
        if f"{own}{os.sep}".startswith(f"{target}{os.sep}"):
            return status, "a link to a folder above it"
        if not target.startswith(f"{self._within}{os.sep}"):
            return status, LINK_OUT
        if target in self._walked:
            return status, "a link to a folder that another link led to"
        try:
            found = Path(target).stat()
        except OSError:
            return status, LINK_DEAD
        if stat.S_ISDIR(found.st_mode):
            self._walked.add(target)
        return found, ""


def _entries(path: Path) -> Iterator[tuple[str, os.stat_result]]:
    """Names and states of what lies in a folder, by name, no link followed."""
    # From the open folder on: the system need not find its way from the root for every file.
    with open_folder(path) as folder:
        for name in sorted(os.listdir(folder)):  # noqa: PTH208  paths know no open folders
            yield name, os.stat(name, dir_fd=folder, follow_symlinks=False)


def _reason_to_leave_out(name: str, mode: int, deepest: bool) -> str:
    """Why something that is no plain file is not walked into, or empty."""
    if name[0] == ".":
        return _HIDDEN
    if name.lower() in _SYSTEM_NAMES:
        return _SYSTEM
    if not stat.S_ISDIR(mode):
        return f"{kind_of(mode)}, not a file"
    return f"more than {_DEEPEST} folders deep" if deepest else ""


def in_order(seen: Glance) -> Walk:
    """The same in natural order, folder by folder, what is left out among the rest."""
    walk = Walk(seen.root)
    _visit(seen, "", walk)
    return walk


def _visit(seen: Glance, folder: str, walk: Walk) -> None:
    content = seen.contents[folder]
    reasons, below = dict(content.left_out), set(content.folders)
    for name in sorted((*content.files, *below, *reasons), key=natural_key):
        path = _joined(folder, name)
        if name in reasons:
            walk.ignore(path, reasons[name])
        elif name in below:
            walk.folders.append(path)
            _visit(seen, path, walk)
        else:
            walk.files.append(path)


def _joined(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name
