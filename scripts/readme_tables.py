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


def _recipes(figures: Mapping[str, Any]) -> list[str]:
    seeds = next(iter(figures.values()))["seeds"]
    head = ["recipe", "parameters", *(f"seed {seed}" for seed in seeds), "mean ± standard deviation"]
    return [
        _row(head),
        _row(["---"] * len(head)),
        *(_recipe_row(name, found) for name, found in figures.items()),
    ]


def _recipe_row(name: str, found: Mapping[str, Any]) -> str:
    scores = [f"{accuracy:.4f}" for accuracy in found["test_accuracy"]]
    spread = f"{found['test_mean']:.4f} ± {found['test_standard_deviation']:.4f}"
    return _row([f"`{name}`", f"{found['parameters']:,}", *scores, spread])


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


TABLES: Mapping[str, Callable[[Mapping[str, Any]], list[str]]] = {
    "main_job": _main_job,
    "recipes": _recipes,
}


if __name__ == "__main__":
    README.write_text(filled(README.read_text("utf-8")), encoding="utf-8")
    print(f"filled {README.name}")
