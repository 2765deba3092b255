"""What `assay predict` says beside its table, on stderr: what was left out, and what is unlike training."""

import shlex
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from assay.core.text import one_line
from assay.deployment.predict import Prediction

#: Names that are told.
_FIRST: Final = 3


class Remarks:
    """Collects them while pictures are listed and answered; a few names and counts are kept."""

    def __init__(self) -> None:
        self._reasons: Counter[str] = Counter()
        self._left: dict[str, list[str]] = {}
        self._strange: list[str] = []
        self._folders: set[str] = set()
        self._count = self._known = 0

    def leave_out(self, path: str, reason: str) -> None:
        """Something in a folder was left out."""
        self._reasons[reason] += 1
        names = self._left.setdefault(reason, [])
        if len(names) < _FIRST:
            names.append(path)

    def answer(self, found: Prediction) -> None:
        """A picture was answered."""
        self._folders.add(Path(found.file).parent.name)
        self._known += found.familiar is not None
        if found.familiar is False:
            self._count += 1
            if len(self._strange) < _FIRST:
                self._strange.append(found.file)

    def left_out(self) -> str:
        """What was left out, by reason; empty where nothing was."""
        parts = (f"{n:,} ({reason}: {_few(self._left[reason], n)})" for reason, n in self._reasons.items())
        return ", ".join(parts)

    def lines(self, run: Path, given: Sequence[str], classes: Sequence[str]) -> Iterator[str]:
        """A line for each kind of remark. run, given: as they were typed. classes: those of the model."""
        if self._reasons:
            yield f"left out: {self.left_out()}"
        if self._count:
            which = f"{self._count:,} of {self._known:,} ({_few(self._strange, self._count)})"
            yield (
                f"warning: unlike the training images, so that answers may mean nothing: {which}; "
                "--json says of each whether it is familiar"
            )
        if len(given) == 1 and len(self._folders) > 1 and self._folders <= set(classes) and run.is_dir():
            line = f"assay evaluate {shlex.quote(str(run))} {shlex.quote(given[0])} --other-data"
            yield f"the folders are called like the classes of the model: {line} scores them"


def _few(names: list[str], count: int) -> str:
    more = f" and {count - len(names):,} more" if count > len(names) else ""
    return ", ".join(map(one_line, names)) + more
