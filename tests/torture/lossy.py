"""A disk that forgets what was not flushed: below `durable`, it keeps track of what a power cut may leave.

What `sync` has flushed stays; what was written after it may be there, missing, cut short, or zeros. What
happened to names in a directory since its last `sync_directory` may have happened or not, each by itself.
The model is harsher than a journaling file system: it grants no order that was not asked for.
"""

import random
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from assay.core import durable
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

    def _count(self) -> None:
        self.calls += 1
        if self.cut_at is not None and self.calls >= self.cut_at:
            raise PowerCutError

    def open_new(self, path: Path) -> IO[bytes]:
        self._count()
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
        super().rename(source, target)
        self._now[target] = self._now.pop(source)
        if isinstance(self._now[target], _Content):
            self.whole.setdefault(target, set()).add(bytes(self._now[target].written))

    def sync_directory(self, path: Path) -> None:
        self._count()
        for name in [n for n in self._now.keys() | self._safe.keys() if n.parent == path]:
            self._settle(name, self._now.get(name, ABSENT))

    def _settle(self, name: Path, held: Any) -> None:
        if held is ABSENT:
            self._safe.pop(name, None)
        else:
            self._safe[name] = held

    def make_directory(self, path: Path) -> None:
        self._count()
        super().make_directory(path)
        self._now[path] = None

    def unlink(self, path: Path) -> None:
        self._count()
        super().unlink(path)
        self._now.pop(path, None)

    def remove_tree(self, path: Path) -> None:
        raise NotImplementedError("no job here removes a directory")

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
            and not path.name.startswith(durable.TEMPORARY)
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
