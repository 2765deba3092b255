"""What every peer's script shares: where the data lie, and how its answers are written. NumPy alone.

A script runs in its own environment as `python SCRIPT FOLDER OUT`. FOLDER holds `images.npy` (uint8
`(n, h, w)`), `labels.npy`, `copies.npy` (`(copies, 2)`: a planted copy and its source), `pictures/` (one
PNG per image, in order) and `probabilities.npy` (ours). OUT gets one `.npz`.
"""

import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

FOLDER, OUT = Path(sys.argv[1]), Path(sys.argv[2])
STARTED = time.perf_counter()


def load(name: str) -> np.ndarray:
    """One of the arrays of the folder."""
    return np.load(FOLDER / f"{name}.npy")


def picture_paths(count: int) -> list[str]:
    """The PNG files, in the order of the images."""
    return [str(FOLDER / "pictures" / f"{i:06d}.png") for i in range(count)]


def picture_number(path: str) -> int:
    """The image that a file of `picture_paths` shows."""
    return int(Path(path).stem)


def linked(groups: Iterable[Sequence[int]], copies: np.ndarray) -> np.ndarray:
    """bool `(copies,)`: whether a planted copy and its source are in one of the groups."""
    member: dict[int, set[int]] = {}
    for number, group in enumerate(groups):
        for image in group:
            member.setdefault(int(image), set()).add(number)
    return np.array([bool(member.get(int(c), set()) & member.get(int(s), set())) for c, s in copies], bool)


def answer(seconds: Mapping[str, float] | None = None, **arrays: np.ndarray) -> None:
    """Write what the tool found, with the seconds of its parts.

    exact_linked, near_linked: bool `(copies,)`; exact_flagged, near_flagged: bool `(n,)`, by
    `duplicates`. label_suspect: bool `(n,)`; label_score: float `(n,)`, higher is worse. bad_image:
    bool `(n,)`. Absent where the tool has no such check.
    """
    parts = {f"seconds:{name}": np.array(value) for name, value in (seconds or {}).items()}
    np.savez(OUT, **parts, **arrays)


def duplicates(
    groups: Iterable[Sequence[int]], copies: np.ndarray, count: int
) -> tuple[np.ndarray, np.ndarray]:
    """Which planted copies are grouped with their source, and which of `count` images are in a group."""
    listed = [list(group) for group in groups]
    flagged = np.zeros(count, bool)
    for group in listed:
        flagged[group] = True
    return linked(listed, copies), flagged
