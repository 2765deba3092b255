"""What `assay evaluate RUN DATA --other-data` prints: the score, and what keeps it from being trusted."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from assay.cli.closing import quoted
from assay.core.errors import AssayError
from assay.core.text import counted, one_line
from assay.evaluation.values import Evaluation
from assay.reports.findings.wording import percent
from assay.workflow.deployed.other_data import OtherScore

#: Classes that are told one by one.
_MOST: Final = 5


def other_lines(found: OtherScore) -> str:
    """The score as lines; first what forbids to read it."""
    seen = found.seen.any_way
    known = [] if seen is None or not seen.any() else [_known_line(found)]
    first, second = (known, []) if known and found.unseen is None else ([], known)
    return "\n".join([*first, _headline(found), *second, *_doubts(found), _not_looked_for(found)])


def next_commands(run: Path, data: str) -> list[str]:
    """What to type next: the answer to each picture, where the data are a folder of them."""
    folder = Path(data)
    return [f"assay predict {quoted(run)} {quoted(folder)}"] if folder.is_dir() else []


def with_answers(error: AssayError, run: Path, data: str) -> AssayError:
    """The error with the command that answers pictures, where no label was found in a folder of them."""
    commands = next_commands(run, data) if error.code in ("too-few-images", "ambiguous-layout") else []
    if not commands:
        return error
    fix = f"{error.fix} Without labels nothing is scored; for the answers alone: {commands[0]}"
    return AssayError(error.code, error.where, error.what, fix, error.more)


def _headline(found: OtherScore) -> str:
    score = found.score
    base = np.bincount(score.labels, minlength=len(score.classes)).max() / len(score.labels)
    groups = "" if score.group_count is None else f" in {score.group_count:,} groups"
    where = "" if found.split == "train" else f" of the {found.split} split"
    return (
        f"On {_images(len(score.labels))}{groups}{where} of {one_line(found.name)}: {_accuracy(score)}; "
        f"always the same answer: {percent(base)}."
    )


def _images(count: int) -> str:
    return counted(count, "image", "images")


def _accuracy(score: Evaluation) -> str:
    low, high = score.accuracy_ci95
    return f"accuracy {percent(score.accuracy)} (95 % interval {percent(low)} to {percent(high)})"


def _doubts(found: OtherScore) -> Iterator[str]:
    score, n = found.score, len(found.score.labels)
    if found.missing:
        names = ", ".join(map(one_line, found.missing[:_MOST]))
        more = f" and {len(found.missing) - _MOST:,} more" if len(found.missing) > _MOST else ""
        yield f"Not tested, for there is no image of it: {names}{more}."
    yield from _taken_for(score)
    if found.changed:
        yield f"The images differ from those of training: {found.changed}."
    if found.refused is not None and found.refused.refused:
        expected = "" if found.expected is None else f"; of pictures like them {percent(found.expected)} are"
        if expected and found.at_most is not None:
            expected += f" (up to {percent(found.at_most)}, for it was set by few validation images)"
        share = f"{found.refused.refused:,} of {n:,} ({percent(found.refused.rate)})"
        yield f"Unlike the training images: {share}{expected}."
    if found.left_over:
        yield f"Not judged: {_images(found.left_over)} of the other splits."


def _known_line(found: OtherScore) -> str:
    unseen, n, seen = found.unseen, len(found.score.labels), found.seen
    equal, near, grouped = (
        0 if rows is None else int(rows.sum()) for rows in (seen.equal, seen.near, seen.grouped)
    )
    if unseen is None:
        ways = [f"near copies of them ({near:,})"] if near else []
        ways += [f"others of their groups ({grouped:,}: {_groups(seen.shared)})"] if grouped else []
        copies = "".join(f", or {way}" for way in ways)
        return f"Do not trust this score: the run held all of these {n:,} images for training{copies}."
    told = [f"The run held {equal:,} of them for training."] if equal or not near + grouped else []
    if near:
        told.append(f"{near:,} {_more(told)} near copies of images that the run held for training.")
    if grouped:
        told.append(f"{grouped:,} {_more(told)} of groups that it held for training: {_groups(seen.shared)}.")
    without = f"Without these, on {_images(len(unseen.labels))}: {_accuracy(unseen)}"
    return f"{' '.join(told)} {without}; read that score instead."


def _more(told: list[str]) -> str:
    return "more are" if told else "of them are"


def _groups(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MOST:,} more" if len(names) > _MOST else ""
    return f"{', '.join(map(one_line, names[:_MOST]))}{more}"


def _taken_for(score: Evaluation) -> Iterator[str]:
    """Classes whose images are answered as one other class more often than as their own."""
    confusion = score.confusion
    own = np.diag(confusion)
    other = confusion - np.diag(own)
    rows = np.flatnonzero(2 * other.max(axis=1) > confusion.sum(axis=1))
    names = [one_line(name) for name in score.classes]
    told = [
        f"{names[row]} as {names[other[row].argmax()]} ({other[row].max():,} of {confusion[row].sum():,})"
        for row in rows[:_MOST]
    ]
    if told:
        more = f" and {len(rows) - _MOST:,} more" if len(rows) > _MOST else ""
        asked = " Are the labels those of the model?" if _as_if_renamed(confusion, rows) else ""
        yield f"Mostly answered as one other class: {', '.join(told)}{more}.{asked}"


def _as_if_renamed(confusion: NDArray[np.int64], rows: NDArray[np.int64]) -> bool:
    """Whether the classes `rows` bear each other's names, or those of classes without images; not where a
    weak model gives its favorite answer to all."""
    taken = confusion[rows].argmax(axis=1)
    free = np.isin(taken, rows) | (confusion[taken].sum(axis=1) == 0)
    return len(set(taken.tolist())) == len(taken) and bool(free.all())


def _not_looked_for(found: OtherScore) -> str:
    """What was looked for, and what was not."""
    if found.seen.equal is None:
        return (
            "Whether the run was trained on some of these images is not known: it has no label_quality.csv. "
            "Nothing was written."
        )
    named = found.seen.grouped is not None
    if found.seen.near is None:
        groups, why = " and groups by their names" if named else "", found.seen.reason
        return (
            f"Only equal images of training{groups} were looked for, no near copies, for {why}. "
            "Nothing was written."
        )
    groups = "groups by their names" if named else "no groups"
    return f"Copies of training images were looked for, equal and near, and {groups}. Nothing was written."
