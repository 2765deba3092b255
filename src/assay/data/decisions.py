"""What a person decided about single images: keep, relabel or drop.

Decisions are rows of a table (`assay review` writes one) and are bound to the image's own digest, so they
outlive new file names, another order and another run. The source is never touched: relabelled and dropped
images differ in training alone.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal, cast, get_args

import numpy as np
from numpy.typing import NDArray

from assay.core.errors import AssayError
from assay.core.text import choices, csv_text
from assay.data.digests import fingerprint_of
from assay.data.formats.text_table import read_table
from assay.data.values import Dataset, Split

Action = Literal["keep", "relabel", "drop"]

ACTIONS: Final[tuple[str, ...]] = get_args(Action)

#: The copy of its decisions that a run folder keeps.
APPLIED: Final = "applied_decisions.csv"

#: The columns of `decisions.csv`, in order. `decision` and all after it are the person's own.
COLUMNS: Final = (
    "digest",
    "split",
    "index",
    "id",
    "label",
    "found",
    "suggested",
    "suggested_probability",
    "decision",
    "new_label",
    "reason",
    "who",
    "when",
)

#: What a table must have to be read; the other columns are for people.
_NEEDED: Final = ("digest", "label", "decision")


@dataclass(frozen=True)
class Decision:
    """What was decided about one image. label, new_label: class names; new_label only of a `relabel`.

    split, id: where the image lay when it was decided, to tell equal images apart.
    reason, who, when: free text.
    """

    digest: str
    label: str
    action: Action
    new_label: str = ""
    split: str = ""
    id: str = ""
    reason: str = ""
    who: str = ""
    when: str = ""


@dataclass(frozen=True, eq=False)
class Decided:
    """Decisions as they meet the images of a data set.

    labels: per split, int64 `(n,)`, with every relabelled image's new label.
    dropped: per split, sorted rows int64. Splits that no decision touches are in neither.
    counts: decisions by split and action. unmatched: those whose image, with that label, is not there.
    """

    labels: Mapping[str, NDArray[np.int64]]
    dropped: Mapping[str, NDArray[np.int64]]
    counts: Mapping[str, Mapping[str, int]]
    unmatched: int = 0

    def labelled(self, name: str, split: Split) -> Split:
        """The split with the labels that were decided; dropped images are still there."""
        return replace(split, labels=self.labels[name]) if name in self.labels else split

    def fingerprint(self, name: str, split: Split, classes: Sequence[str]) -> str:
        """The fingerprint of the split as decided: new labels, without the dropped images."""
        rows = self.kept(name, np.arange(len(split)))
        return fingerprint_of(split.digests[rows], self.labels.get(name, split.labels)[rows], classes)

    def kept(self, name: str, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """`rows` of the split without the dropped ones."""
        return rows if name not in self.dropped else np.setdiff1d(rows, self.dropped[name])


def read_decisions(path: Path) -> tuple[Decision, ...]:
    """The decisions in a table (CSV, TSV or JSON lines); rows without a decision are passed over.

    Raises AssayError `column-missing`, `table-value` with the row, and those of `read_table`.
    """
    columns = read_table(path)
    for name in _NEEDED:
        if name not in columns:
            fix = "Start from the file that `assay review RUN` writes."
            raise AssayError("column-missing", path, f"there is no column {name}", fix)
    rows = [dict(zip(columns, cells, strict=True)) for cells in zip(*columns.values(), strict=True)]
    found = [_decision(path, number, row) for number, row in enumerate(rows, 1) if row["decision"].strip()]
    return _without_repeats(path, found)


def decided_in(folder: Path) -> tuple[Decision, ...]:
    """The decisions that the run in `folder` was given; none where it was given none."""
    applied = folder / APPLIED
    return read_decisions(applied) if applied.exists() else ()


def _decision(path: Path, number: int, row: Mapping[str, str]) -> Decision:
    action, digest = row["decision"].strip().casefold(), row["digest"].strip().casefold()
    if action not in ACTIONS:
        raise _bad_cell(path, number, f"the decision {row['decision']!r} is none", choices(action, ACTIONS))
    if len(digest) != 64 or not set(digest) <= set("0123456789abcdef"):
        raise _bad_cell(path, number, "its digest is not 64 hexadecimal digits", "Restore the column digest")
    new_label = row.get("new_label", "") if action == "relabel" else ""
    if action == "relabel" and not new_label:
        raise _bad_cell(path, number, "it relabels without a new label", "Name the class in new_label")
    own = {name: row.get(name, "") for name in ("split", "id", "reason", "who", "when")}
    return Decision(digest, row["label"], cast(Action, action), new_label, **own)


def _without_repeats(path: Path, decisions: Sequence[Decision]) -> tuple[Decision, ...]:
    """Each image once. One image cannot be both kept and dropped: `table-value`."""
    first: dict[tuple[str, ...], Decision] = {}
    for decision in decisions:
        key = (decision.digest, decision.label, decision.split, decision.id)
        before = first.setdefault(key, decision)
        if (before.action, before.new_label) != (decision.action, decision.new_label):
            what = f"image {decision.id or decision.digest[:12]} has two different decisions"
            raise AssayError("table-value", path, what, "Keep one of the two rows.")
    return tuple(first.values())


def _bad_cell(path: Path, number: int, what: str, fix: str) -> AssayError:
    return AssayError("table-value", path, f"row {number}: {what}", f"{fix}.")


def decide(dataset: Dataset, decisions: Sequence[Decision]) -> Decided:
    """Find the image that each decision speaks of, and what follows from it.

    It is the one with that digest and label: in the split and with the id named, else in the split named,
    else wherever it now lies. One decision is about one image; equal images take one decision each.
    Raises AssayError `class-names` when a new label is no class of the data.
    """
    number = {name: label for label, name in enumerate(dataset.classes)}
    for name in sorted({d.new_label for d in decisions if d.action == "relabel"} - number.keys()):
        fix = f"{choices(name, dataset.classes)}."
        raise AssayError("class-names", "--decisions", f"new_label {name!r} is no class of the data", fix)
    labels: dict[str, NDArray[np.int64]] = {}
    dropped: dict[str, list[int]] = {}
    counts = {name: dict.fromkeys(ACTIONS, 0) for name in dataset.splits}
    found = list(_places(dataset, decisions))
    for decision, (split, row) in found:
        counts[split][decision.action] += 1
        if decision.action == "drop":
            dropped.setdefault(split, []).append(row)
        elif decision.action == "relabel":
            labels.setdefault(split, dataset.splits[split].labels.copy())[row] = number[decision.new_label]
    rows = {name: np.array(sorted(gone), np.int64) for name, gone in dropped.items()}
    return Decided(labels, rows, counts, unmatched=len(decisions) - len(found))


def _places(dataset: Dataset, decisions: Sequence[Decision]) -> Iterator[tuple[Decision, tuple[str, int]]]:
    """Decisions with split and row of their images; those that name their image exactly choose first.

    Each place is looked up, not searched for: a table may have as many rows as there are equal images.
    """
    images = _images_of(dataset, {decision.digest for decision in decisions})
    free: dict[tuple[str, ...], deque[tuple[str, int]]] = {}
    for (digest, label), places in images.items():
        for split, row in places:
            for key in _keys(digest, label, split, dataset.splits[split].ids[row]):
                free.setdefault(key, deque()).append((split, row))
    taken: set[tuple[str, int]] = set()
    for depth in range(3):  # split and id as named, the split, anywhere
        rest = []
        for decision in decisions:
            key = _keys(decision.digest, decision.label, decision.split, decision.id)[depth]
            waiting = free.get(key, deque())
            while waiting and waiting[0] in taken:
                waiting.popleft()
            if not waiting:
                rest.append(decision)
                continue
            found = waiting.popleft()
            taken.add(found)
            yield decision, found
        decisions = rest


def _keys(digest: str, label: str, split: str, name: str) -> tuple[tuple[str, ...], ...]:
    """What an image is found by, from the most to the least exact."""
    return (digest, label, split, name), (digest, label, split), (digest, label)


def _images_of(dataset: Dataset, digests: set[str]) -> dict[tuple[str, str], list[tuple[str, int]]]:
    """The images with one of `digests`, by digest and class name, in source order."""
    wanted = np.array(sorted(bytes.fromhex(digest) for digest in digests), "V32")
    found: dict[tuple[str, str], list[tuple[str, int]]] = {}
    for name, split in dataset.splits.items():
        keys = np.ascontiguousarray(split.digests).view("V32").ravel()
        for row in np.flatnonzero(np.isin(keys, wanted)).tolist():
            label = dataset.classes[split.labels[row]]
            found.setdefault((split.hex_digest(row), label), []).append((name, row))
    return found


def decisions_csv(rows: Iterable[Mapping[str, object]]) -> str:
    """The content of `decisions.csv` from rows by column name; what a row does not name stays empty."""
    return csv_text(COLUMNS, ([row.get(column, "") for column in COLUMNS] for row in rows))
