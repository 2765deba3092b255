"""imagededup at its defaults, by one of its hashes: `python with_imagededup.py FOLDER OUT PHash`, or CNN.

The package imports torchvision even for its hashes. Where that cannot be loaded, `stand-in` after the name
of a hash puts an empty module in its place, which the hashes never call.
"""

import sys
from unittest.mock import MagicMock

import numpy as np
from answers import answer, load, picture_number

if sys.argv[4:] == ["stand-in"]:
    for name in ("", ".models", ".models.vision_transformer", ".transforms"):
        sys.modules[f"torchvision{name}"] = MagicMock()

from imagededup import methods


def main() -> None:
    copies, count = load("copies"), len(load("labels"))
    folder = sys.argv[1] + "/pictures"
    found = getattr(methods, sys.argv[3])(verbose=False).find_duplicates(image_dir=folder)
    near = {picture_number(name): others for name, others in found.items() if others}
    flagged = np.zeros(count, bool)
    flagged[list(near)] = True
    partners = {int(c): {picture_number(name) for name in near.get(int(c), [])} for c, _ in copies}
    linked = np.array([int(s) in partners[int(c)] for c, s in copies], bool)
    answer(near_linked=linked, near_flagged=flagged)


if __name__ == "__main__":
    main()
