"""A disk that forgets what was not flushed: below `durable`, it keeps track of what a power cut may leave.

What `sync` has flushed stays; what was written after it may be there, missing, cut short, or zeros. What
happened to names in a directory since its last `sync_directory` may have happened or not, each by itself.
The model is harsher than a journaling file system: it grants no order that was not asked for.
"""

import random
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Self

from assay.core.durable import TEMPORARY
from assay.core.files import Files


class PowerCutError(BaseException):
    """The power is gone: no call after this one has any effect."""


@dataclass(eq=False)
class _Content:
    """What one file holds: as written, and as flushed. path: the name it was opened under."""

    path: Path
    written: bytearray = field(default_factory=bytearray)
    flushed: bytes = b""

    def after_cut(self, chance: random.Random) -> bytes:
        """What a power cut may leave of it."""
        if bytes(self.written) == self.flushed:
            return self.flushed
        whole = bytes(self.written)
        cut = chance.randint(0, len(whole))
        zeros = whole[:cut] + bytes(len(whole) - cut)
        return chance.choice([self.flushed, whole, whole[:cut], zeros, b""])


#: A name holds a file's content, None for a directory; ABSENT where there is none.
ABSENT = object()


class LossyFiles(Files):
    """Does everything for real below `root`, and remembers what of it would survive."""

    def __init__(self, root: Path, cut_at: int | None = None) -> None:
        self.root, self.cut_at, self.calls = root, cut_at, 0
        self._now: dict[Path, Any] = {}
        self._safe: dict[Path, Any] = {}
        self._open: dict[IO[bytes], _Content] = {}
        self.whole: dict[Path, set[bytes]] = {}

    @classmethod
    def of_what_lies_in(cls, root: Path, cut_at: int | None = None) -> Self:
        """Such a disk that holds, flushed, what lies below `root`."""
        disk = cls(root, cut_at)
        for path in root.rglob("*"):
            held = None if path.is_dir() else path.read_bytes()
            disk._now[path] = held if held is None else _Content(path, bytearray(held), held)
            if held is not None:
                disk.whole[path] = {held}
        disk._safe = dict(disk._now)
        return disk

    def _count(self) -> None:
        self.calls += 1
        if self.cut_at is not None and self.calls >= self.cut_at:
            raise PowerCutError

    def open_new(self, path: Path) -> IO[bytes]:
        self._count()
        path = self.root / path
        file = super().open_new(path)
        self._now[path] = self._open[file] = _Content(path)
        return file

    def write(self, file: IO[bytes], data: bytes | memoryview) -> None:
        self._count()
        super().write(file, data)
        self._open[file].written += data

    def sync(self, file: IO[bytes]) -> None:
        self._count()
        file.flush()
        content = self._open[file]
        content.flushed = bytes(content.written)
        self.whole.setdefault(content.path, set()).add(content.flushed)

    def rename(self, source: Path, target: Path) -> None:
        self._count()
        source, target = self.root / source, self.root / target
        super().rename(source, target)
        self._now[target] = self._now.pop(source)
        for names in (self._now, self._safe):
            for name in [name for name in names if source in name.parents]:
                moved = target / name.relative_to(source)
                names[moved] = self._now.pop(name) if names is self._now else self._safe[name]
                self.whole.setdefault(moved, set()).update(self.whole.get(name, ()))
        if isinstance(self._now[target], _Content):
            self.whole.setdefault(target, set()).add(bytes(self._now[target].written))

    def sync_directory(self, path: Path) -> None:
        self._count()
        path = self.root / path
        for name in [n for n in self._now.keys() | self._safe.keys() if n.parent == path]:
            self._settle(name, self._now.get(name, ABSENT))

    def _settle(self, name: Path, held: Any) -> None:
        if held is ABSENT:
            for gone in [known for known in self._safe if known == name or name in known.parents]:
                del self._safe[gone]
        else:
            self._safe[name] = held

    def make_directory(self, path: Path) -> None:
        self._count()
        path = self.root / path
        super().make_directory(path)
        self._now[path] = None

    def unlink(self, path: Path) -> None:
        self._count()
        path = self.root / path
        super().unlink(path)
        self._now.pop(path, None)

    def remove_tree(self, path: Path) -> None:
        self._count()
        path = self.root / path
        super().remove_tree(path)
        for name in [name for name in self._now if name == path or path in name.parents]:
            del self._now[name]

    def sync_all(self) -> None:
        self._count()
        for content in self._now.values():
            if isinstance(content, _Content):
                content.flushed = bytes(content.written)
                self.whole.setdefault(content.path, set()).add(content.flushed)
        self._safe = dict(self._now)

    def after_cut(self, place: Path, chance: random.Random) -> None:
        """Lay out in the empty directory `place` one state that a power cut may leave of `root`."""
        names = sorted(self._now.keys() | self._safe.keys(), key=lambda name: (len(name.parts), name))
        for name in names:
            before, now = self._safe.get(name, ABSENT), self._now.get(name, ABSENT)
            held = before if before is now else chance.choice([before, now])
            target = place / name.relative_to(self.root)
            if held is ABSENT or not target.parent.is_dir():
                continue
            if held is None:
                target.mkdir()
            else:
                target.write_bytes(held.after_cut(chance))

    def torn(self, place: Path) -> list[str]:
        """Files under a final name in `place` that hold anything but a whole content given to that name."""
        return [
            str(path.relative_to(place))
            for path in sorted(place.rglob("*"))
            if path.is_file()
            and not any(part.startswith(TEMPORARY) for part in path.relative_to(place).parts)
            and path.read_bytes() not in self.whole.get(self.root / path.relative_to(place), set())
        ]


class WithoutSync(LossyFiles):
    """Forgets to flush files: a fault that the simulation must find."""

    def sync(self, file: IO[bytes]) -> None:
        self._count()
        file.flush()


class WithoutDirectorySync(LossyFiles):
    """Forgets to flush directories: a fault that the simulation must find."""

    def sync_directory(self, path: Path) -> None:  # noqa: ARG002
        self._count()
