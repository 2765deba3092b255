"""CleanVision at its defaults: all its issues over the folder of pictures.

Its `grayscale`, true of every picture here, does not count as damage.
"""

import numpy as np
from answers import answer, duplicates, load, picture_number, picture_paths
from cleanvision import Imagelab


def main() -> None:
    copies, count = load("copies"), len(load("labels"))
    lab = Imagelab(filepaths=picture_paths(count), verbose=False)
    lab.find_issues(verbose=False)
    found = {}
    for name in ("exact", "near"):
        sets = lab.info[f"{name}_duplicates"]["sets"]
        groups = [[picture_number(path) for path in group] for group in sets]
        found[f"{name}_linked"], found[f"{name}_flagged"] = duplicates(groups, copies, count)
    order = [picture_number(path) for path in lab.issues.index]
    bad = np.zeros(count, bool)
    for column in lab.issues.columns:
        if column.startswith("is_") and "duplicates" not in column and "grayscale" not in column:
            bad[order] |= lab.issues[column].to_numpy(bool)
    answer(bad_image=bad, **found)


if __name__ == "__main__":
    main()
