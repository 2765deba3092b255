"""The sections of docs/planted-faults.md on wrong labels and on strange pictures, for truth_page.py."""

from typing import Any

LABELS_HEAD = """
## Wrong labels, beside cleanlab

Labels flipped to any class, or to the class whose mean image is nearest; {draws} draws added up.
cleanlab 2.9 gets the same out-of-sample probabilities as Assay's rule. Its list is the one of its seven
(`filter_by`) with the best F1 for that row, chosen with the truth in hand, which no user has; "better"
counts the draws in which any of the seven is better than Assay's list in both recall and precision.
Cells of lists are found / length. The last columns: share of the flips in a ranking twice their number,
for cleanlab the best of its five rankings. Where the reference is too weak, `label-errors` is not
evaluated. Made by `benchmarks/truth_labels.py`. CleanVision and DataEval judge no labels.

| Set | Flips | Planted | Assay's list | cleanlab's best | Better | Assay's ranking | cleanlab's best |
| --- | --- | --- | --- | --- | --- | --- | --- |
"""

OOD_HEAD = """
## Strange pictures

A model (`reference`) is trained by `assay.run` with `max_risk` .05 and a validation share of .3, {seeds}
draws added up; then pictures of sets that it never saw are given to it, gray and at its size. Refused /
shown. "Own test" are false refusals: at most 1 % is promised. "Risk" is wrong / answered on test images
under the rule. Made by `benchmarks/ood_sets.py`.

"""


def labels_section(figures: dict[str, Any]) -> str:
    """The table of `truth_labels.json`."""
    text = LABELS_HEAD.format(draws=figures["draws"])
    for name, entry in figures["sets"].items():
        kinds = dict.fromkeys((row["to"], row["share"]) for row in entry["rows"])
        for to, share in kinds:
            rows = [row for row in entry["rows"] if (row["to"], row["share"]) == (to, share)]
            flips = f"{100 * share:.0f} %, {to}" if share else "none"
            judged = [row for row in rows if "lists" in row]
            text += f"| {name} | {flips} | {_cells(judged)} |\n" if judged else ""
        if not any("lists" in row for row in entry["rows"]):
            text += f"| {name} | all | not evaluated | | | | | |\n"
    return text


def _cells(rows: list[dict[str, Any]]) -> str:
    planted = sum(row["planted"] for row in rows)
    totals = {name: [sum(row["lists"][name][i] for row in rows) for i in (0, 1)] for name in rows[0]["lists"]}
    own = totals.pop("Assay")
    best = max(totals.values(), key=lambda t: (2 * t[0] / max(t[1] + planted, 1), -t[1]))
    better = sum(_is_better(row) for row in rows)
    cells = [f"{planted}", f"{own[0]}/{own[1]}", f"{best[0]}/{best[1]}", f"{better} of {len(rows)}"]
    if not planted:
        return " | ".join([*cells[:3], "", "", ""])
    ranks = {
        name: sum(row["in_twice"][name] * row["planted"] for row in rows) / planted
        for name in rows[0]["in_twice"]
    }
    mine = ranks.pop("Assay")
    ranks.pop("probability of the label")
    return " | ".join([*cells, f"{mine:.3f}", f"{max(ranks.values()):.3f}"])


def _is_better(row: dict[str, Any]) -> bool:
    """Whether a list of cleanlab's finds more and is wrong less often."""
    hits, length = row["lists"]["Assay"]
    return any(
        other > hits and other / max(n, 1) > hits / max(length, 1)
        for name, (other, n) in row["lists"].items()
        if name != "Assay"
    )


def ood_section(figures: dict[str, Any]) -> str:
    """The tables of `ood_sets.json`."""
    text = OOD_HEAD.format(seeds=len(next(iter(figures.values()))))
    text += "| Trained on | Own test | Risk | " + " | ".join(_strangers(figures)) + " |\n"
    text += "| --- " * (3 + len(_strangers(figures))) + "|\n"
    for home, rows in figures.items():
        tests = [row["max_risk"]["rule"]["test"] for row in rows]
        cells = [_sum([row["home"] for row in rows])]
        cells.append(f"{sum(t['wrong'] for t in tests)}/{sum(t['answered'] for t in tests)}")
        for name in _strangers(figures):
            shown = [row["strangers"][name] for row in rows if name in row["strangers"]]
            cells.append(_sum(shown) if shown else "")
        text += f"| {home} | {' | '.join(cells)} |\n"
    return text


def _strangers(figures: dict[str, Any]) -> list[str]:
    return sorted({name for rows in figures.values() for row in rows for name in row["strangers"]})


def _sum(pairs: list[list[int]]) -> str:
    return "/".join(str(sum(pair[i] for pair in pairs)) for i in (0, 1))
