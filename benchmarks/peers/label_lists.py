"""cleanlab's lists and rankings of wrong labels from given probabilities: reads IN.npz, writes OUT.npz.

python label_lists.py FOLDER      for each NAME.npz (p, labels) in it, NAME.peers.npz
"""

import sys
from pathlib import Path

import numpy as np
from cleanlab.filter import find_label_issues
from cleanlab.rank import get_label_quality_scores

LISTS = (
    "prune_by_noise_rate",
    "prune_by_class",
    "both",
    "confident_learning",
    "low_normalized_margin",
    "low_self_confidence",
    "predicted_neq_given",
)
RANKINGS = ("self_confidence", "normalized_margin", "confidence_weighted_entropy")

for path in sorted(Path(sys.argv[1]).glob("*.npz")):
    given = np.load(path)
    p, labels = given["p"].astype(float), given["labels"]
    made = {f"list {how}": find_label_issues(labels, p, filter_by=how, n_jobs=1) for how in LISTS}
    for adjusted in (False, True):
        for how in RANKINGS:
            if adjusted and how == "confidence_weighted_entropy":
                continue  # cleanlab refuses these two together
            name = f"ranking {how}{', adjusted' if adjusted else ''}"
            made[name] = get_label_quality_scores(labels, p, method=how, adjust_pred_probs=adjusted)
    np.savez(path.with_name(path.stem + ".peers"), **made)
