"""DataEval at its defaults: duplicates by hash, and outliers among the statistics of the pictures."""

import numpy as np
from answers import answer, duplicates, load
from dataeval.quality import Duplicates, Outliers


def main() -> None:
    images, copies = load("images")[:, None], load("copies")
    repeated = Duplicates().evaluate(images).data()
    found = {}
    for name in ("exact", "near"):
        groups = repeated.filter(repeated["dup_type"] == name)["item_indices"].to_list()
        found[f"{name}_linked"], found[f"{name}_flagged"] = duplicates(groups, copies, len(images))
    bad = np.zeros(len(images), bool)
    bad[Outliers().evaluate(images).data()["item_index"].to_numpy()] = True
    answer(bad_image=bad, **found)


if __name__ == "__main__":
    main()
