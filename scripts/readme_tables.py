"""Fill the tables of README.md from benchmarks/results/*.json, between `<!-- table:NAME -->` marks."""

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
RESULTS = ROOT / "benchmarks" / "results"


def filled(text: str) -> str:
    """The README with every marked table made anew from its result file."""
    return re.sub(r"(<!-- table:([a-z_]+) -->\n).*?(<!-- end -->)", _table, text, flags=re.DOTALL)


def _table(mark: re.Match[str]) -> str:
    name = mark.group(2)
    result = json.loads((RESULTS / f"{name}.json").read_text("utf-8"))
    lines = [*TABLES[name](result["figures"]), "", _conditions(result)]
    return mark.group(1) + "\n".join(lines) + "\n" + mark.group(3)


def _conditions(result: Mapping[str, Any]) -> str:
    found = result["conditions"]
    versions = ", ".join(f"{name} {found['versions'][name]}" for name in ("numpy", "torch"))
    machine = f"{found['processor']}, {found['cores']} cores, {found['memory_gib']:g} GiB, no GPU"
    commit = (found["commit"] or "")[:10]
    software = f"Python {found['python']}, {versions}; commit {commit}"
    return f"Measured {found['date']} on {machine}; {software}. Repeat with `{result['command']}`."


def _main_job(figures: Mapping[str, Any]) -> list[str]:
    rows = [
        f"| {name} | {value['median']:.3g} | {_range(value['all'])} | {value['n']} |"
        for name, value in figures.items()
    ]
    return ["| what | median | range | n |", "| --- | --- | --- | --- |", *rows]


def _range(values: list[float]) -> str:
    return f"{min(values):.3g} - {max(values):.3g}"


def _seed_accuracy(figures: Mapping[str, Any]) -> list[str]:
    seeds = " | ".join(f"seed {seed}" for seed in figures["seeds"])
    scores = " | ".join(f"{accuracy:.4f}" for accuracy in figures["test_accuracy"])
    spread = f"{figures['mean']:.4f} ± {figures['standard_deviation']:.4f}"
    return [
        f"| recipe | parameters | {seeds} | mean ± standard deviation |",
        "| --- |" + " --- |" * (len(figures["seeds"]) + 2),
        f"| {figures['recipe']} | {figures['parameters']:,} | {scores} | {spread} |",
    ]


TABLES: Mapping[str, Callable[[Mapping[str, Any]], list[str]]] = {
    "main_job": _main_job,
    "seed_accuracy": _seed_accuracy,
}


if __name__ == "__main__":
    README.write_text(filled(README.read_text("utf-8")), encoding="utf-8")
    print(f"filled {README.name}")
