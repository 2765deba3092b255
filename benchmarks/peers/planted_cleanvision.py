"""CleanVision at its defaults, for truth_peers.py. `grayscale` is no damage and does not count."""

import tempfile
from pathlib import Path

import numpy as np
from cleanvision import Imagelab
from PIL import Image
from planted_answers import answer_each, grouped


def answer(images: np.ndarray, features: np.ndarray) -> dict[str, np.ndarray]:  # noqa: ARG001  one form for all
    """Its groups of exact and near copies, and the pictures with any other issue."""
    with tempfile.TemporaryDirectory() as name:
        paths = [str(Path(name) / f"{i:06d}.png") for i in range(len(images))]
        for path, pixels in zip(paths, images, strict=True):
            Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels).save(path)
        lab = Imagelab(filepaths=paths, verbose=False)
        lab.find_issues(n_jobs=1, verbose=False)
    sets = [group for kind in ("exact", "near") for group in lab.info[f"{kind}_duplicates"]["sets"]]
    order = [int(Path(path).stem) for path in lab.issues.index]
    flagged = np.zeros(len(images), bool)
    for column in lab.issues.columns:
        if column.startswith("is_") and "duplicates" not in column and "grayscale" not in column:
            flagged[order] |= lab.issues[column].to_numpy(bool)
    groups = grouped([[int(Path(path).stem) for path in group] for group in sets])
    return {"groups": groups, "bad": flagged, "strange": flagged}


if __name__ == "__main__":
    answer_each("CleanVision", answer)
