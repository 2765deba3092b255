"""What the peers' scripts for truth_peers.py share. NumPy alone.

A script runs in its own environment as `python SCRIPT FOLDER`. For each NAME.npz in FOLDER (images: uint8
`(n, h, w, c)`, c 1 or 3; features: float `(n, d)`) it writes NAME.SCRIPT.npz: of copies, the pairs that it
groups; of pictures, those that it flags.
"""

import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np

Answer = Callable[[np.ndarray, np.ndarray], dict[str, np.ndarray]]


def answer_each(name: str, answer: Answer) -> None:
    """Ask for every set of the folder. answer: images and features to arrays."""
    for path in sorted(Path(sys.argv[1]).glob("*.npz")):
        with np.load(path) as given:
            found = answer(given["images"], given["features"])
        np.savez(path.parent / f"{path.stem}.{name}", **found)


def grouped(groups: Iterable[Sequence[int]]) -> np.ndarray:
    """int64 `(members, 2)`: a number of the group, and an image in it."""
    listed = [(number, int(image)) for number, group in enumerate(groups) for image in group]
    return np.array(listed, np.int64).reshape(-1, 2)


def of_neighbors(sets: Iterable[Sequence[int]]) -> np.ndarray:
    """`grouped`, from the images that each image is said to be near to: every pair a group."""
    return grouped([(image, int(other)) for image, others in enumerate(sets) for other in others])
