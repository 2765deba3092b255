"""The later parts of `evaluation.json`, by hand: every key of docs/score.md that the report draws from."""

from typing import Any


def entry(n: int, correct: int, removed: int, difference: float | None) -> dict[str, Any]:
    share = correct / n
    return {
        "n": n,
        "removed": removed,
        "correct": correct,
        "accuracy": share,
        "ci95": [share - 0.1, min(1.0, share + 0.1)],
        "difference": difference,
        "difference_ci95": None if difference is None else [difference - 0.02, difference + 0.02],
    }


def scores(ece: float) -> dict[str, Any]:
    bins = [
        {"low": 0.0, "high": 0.5, "n": 0, "confidence": None, "accuracy": None, "ci95": None},
        {"low": 0.5, "high": 0.75, "n": 4, "confidence": 0.66, "accuracy": 0.5, "ci95": [0.15, 0.85]},
        {"low": 0.75, "high": 1.0, "n": 8, "confidence": 0.91, "accuracy": 0.875, "ci95": [0.53, 0.98]},
    ]
    return {
        "ece": ece,
        "ece_by_chance": 0.031,
        "ece_by_chance_high": 0.05,
        "brier": ece + 0.2,
        "log_loss": ece + 0.4,
        "bins": bins,
    }


def part(name: str, n: int, accuracy: float) -> dict[str, Any]:
    interval = [max(0.0, accuracy - 0.2), min(1.0, accuracy + 0.2)]
    return {
        "slice": name,
        "low": None,
        "high": None,
        "n": n,
        "correct": round(n * accuracy),
        "accuracy": accuracy,
        "ci95": interval,
        "ci_corrected": interval,
    }


#: A run in which everything could be evaluated; names as hostile as those of the data may be.
TRUST: dict[str, Any] = {
    "honest": {
        "as_given": entry(12, 9, 0, None),
        "without_copies": entry(10, 7, 2, -0.05),
        "without_copies_reason": "",
        "without_suspects": entry(11, 9, 1, 0.068),
        "without_suspects_reason": "",
        "without_both": None,
        "without_both_reason": "no image <b>is left</b>",
        "suspects": {
            "n": 1,
            "counted_right": {"n": 12, "correct": 10, "accuracy": 10 / 12, "ci95": [0.55, 0.95]},
            "counted_wrong": {"n": 12, "correct": 9, "accuracy": 9 / 12, "ci95": [0.46, 0.91]},
            "rise": 0.068,
            "clean_rise": {"mean": 0.061, "low": 0.05, "high": 0.07, "removed": 1.5, "draws": 200, "seed": 0},
            "clean_rise_reason": "",
        },
        "suspects_reason": "",
    },
    "calibration": {
        "temperature": 1.31,
        "temperature_reason": "",
        "fitted_images": 6,
        "binning": "equal width",
        "bin_count": 3,
        "before": scores(0.0654),
        "after": scores(0.0213),
    },
    "abstention": {
        "curve": [
            {"coverage": 0.25, "n": 3, "threshold": 0.95, "risk": 0.0},
            {"coverage": 0.75, "n": 9, "threshold": 0.8, "risk": 0.11},
            {"coverage": 1.0, "n": 12, "threshold": 0.5, "risk": 0.25},
        ],
        "mean_risk": 0.1,
        "rule": {
            "max_risk": 0.12,
            "threshold": 0.8,
            "threshold_reason": "",
            "validation": {
                "n": 6,
                "answered": 4,
                "coverage": 4 / 6,
                "wrong": 0,
                "risk": 0.0,
                "risk_ci95": [0, 0.5],
            },
            "test": {
                "n": 12,
                "answered": 9,
                "coverage": 0.75,
                "wrong": 1,
                "risk": 1 / 9,
                "risk_ci95": [0.02, 0.4],
            },
        },
        "rule_reason": "",
    },
    "out_of_distribution": {
        "gate": {
            "layer": "output",
            "components": 2,
            "threshold": 3.5,
            "false_refusal_rate": 0.01,
            "validation": {"n": 6, "refused": 0, "rate": 0.0, "rate_ci95": [0.0, 0.4]},
            "test": {"n": 12, "refused": 1, "rate": 1 / 12, "rate_ci95": [0.01, 0.35]},
        },
        "gate_reason": "",
    },
    "slices": {
        "looked_at": 3,
        "fewest": 4,
        "corrected_confidence": 0.983,
        "by": [
            {
                "name": "class",
                "kind": "class",
                "left_out": 0,
                "left_out_reason": "",
                "slices": [part("cat", 4, 1.0), part("dog", 4, 0.25)],
            },
            {
                "name": "column:<img src=x onerror=document.title='fired'>",
                "kind": "value",
                "left_out": 1,
                "left_out_reason": "",
                "slices": [part("<script>document.title='fired'</script>", 6, 0.75)],
            },
        ],
        "weakest": [{"by": "class", **part("dog", 4, 0.25)}],
    },
}
