"""How many wrong labels the audit's reference finds, by default and with `--thorough`.

    python benchmarks/audit_flips.py

Labels of all training images are flipped; those with an odd index are counted, by which nothing was
chosen. Two seeds by default, one of them with `--thorough`, to any class; what flips to the most similar
class give, the self-test says.
"""

import statistics
from typing import Any

import numpy as np

from assay.audits.measures.cross_validated import judge, principal_components
from assay.audits.self_test.planted_faults import with_flips
from assay.audits.self_test.recall import auroc, found_in_twice
from assay.data.values import Dataset
from assay.workflow.load import load
from measuring import conditions, write_result

SEEDS = {"default": (401, 402), "thorough": (401,)}
SHARE = 0.01


def ranked(dataset: Dataset, components: Any, thorough: bool, seed: int) -> dict[str, Any]:
    """How flips planted by a seed rank by what the reference believes of the given labels."""
    planted = with_flips(dataset, SHARE, seed)
    labels = planted.dataset.train.labels
    probabilities = judge(planted.dataset, components, thorough).probabilities["train"]
    unlikely = -probabilities[np.arange(len(labels)), labels]
    flipped = np.zeros(len(labels), bool)
    flipped[planted.faults["flipped", "train"]] = True
    odd = np.arange(1, len(labels), 2)
    return {
        "auroc": auroc(unlikely[odd], flipped[odd]),
        "found_in_twice": found_in_twice(unlikely[odd], flipped[odd]),
    }


def main() -> None:
    before, whole = conditions(), load("fashion-mnist", offline=True)
    dataset = Dataset(whole.name, whole.classes, {"train": whole.train}, whole.source)
    components = principal_components(dataset)
    figures: dict[str, Any] = {"share": SHARE}
    for name, seeds in SEEDS.items():
        runs = [ranked(dataset, components, name == "thorough", seed) for seed in seeds]
        figures[f"{name}, to any class"] = {
            key: {"all": [run[key] for run in runs], "mean": statistics.mean(run[key] for run in runs)}
            for key in ("auroc", "found_in_twice")
        } | {"seeds": seeds}
    write_result("audit_flips", "python benchmarks/audit_flips.py", before, figures)


if __name__ == "__main__":
    main()
