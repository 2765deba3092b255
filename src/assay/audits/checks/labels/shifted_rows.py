"""Shifted rows: what `label-errors` says of rows whose labels belong to other images."""

from typing import Any, Final

from assay.audits.checks.context import CheckContext
from assay.audits.checks.issues import percent
from assay.audits.checks.labels.judge_reliability import reference_record
from assay.audits.checks.labels.renamed import renamed_evidence
from assay.audits.checks.labels.unlike_train import unlike_splits
from assay.audits.values import Finding
from assay.core.text import one_line
from assay.estimators.noise.row_order import fewest_misplaced, misplaced_rows

#: Shifts in words; others are numbers of rows.
_BESIDE: Final = {-1: "the row before it", 1: "the row after it"}

FIX_ORDER: Final = (
    "Find out where the order of the labels breaks (a line lost, doubled or sorted otherwise), and make the "
    "table or array of labels again from its source; no single label there is worth a look."
)


def misplaced_evidence(context: CheckContext) -> list[dict[str, Any]]:
    """Of each split the stretch of rows whose labels belong to other images, by the reference classifier.

    Pictures of another kind in a row, which the reference does not know, look alike; the sentence says so.
    """
    judged, found = context.label_judge, []
    if judged.own:  # answers of the user's own may be out of order themselves
        return []
    renamed, unlike = {told["split"] for told in renamed_evidence(context)}, unlike_splits(context)
    in_order = None
    for name, probabilities in judged.probabilities.items():
        split = context.dataset.splits[name]
        answers = probabilities.argmax(axis=1)
        one = (
            None
            if name in renamed
            else misplaced_rows(split.labels, answers, None if name == "train" else in_order)
        )
        if name == "train":
            in_order = one.in_order if one else judged.accuracy["train"]
        if one:
            found.append(
                {"split": name, "first": one.first, "last": one.last, "first_id": split.ids[one.first],
                 "last_id": split.ids[one.last], "images": one.last - one.first + 1, "of": len(split),
                 "agreement": one.agreement, "by_chance": one.by_chance, "in_order": one.in_order,
                 "shift": one.shift, "agreement_shifted": one.shifted if one.shift else None,
                 "may_be_right": name in unlike and not one.shift}
            )  # fmt: skip
    return found


def misplaced_sentence(found: list[dict[str, Any]]) -> str:
    """Which rows, for people; empty where none is told."""
    return "".join(
        f"The labels of {_rows(one)} go with the pictures no better than chance "
        f"({percent(one['agreement'])} agree, of {_others(one)} {percent(one['in_order'])}){_why(one)} "
        for one in found
    )


def _rows(one: dict[str, Any]) -> str:
    if one["images"] == one["of"]:
        return f"{one['split']}"
    return (
        f"{one['images']:,} images of {one['split']} in a row, {one['first']:,} to {one['last']:,} "
        f"({one_line(one['first_id'])} to {one_line(one['last_id'])}),"
    )


def _others(one: dict[str, Any]) -> str:
    return "train" if one["split"] != "train" else "the others"


def _why(one: dict[str, Any]) -> str:
    if one["may_be_right"]:
        return ": these pictures are not like those of train (see drift), or their labels in another order."
    if not one["shift"]:
        return ": are they in another order, or are these pictures of another kind?"
    side = "before" if one["shift"] < 0 else "after"
    where = _BESIDE.get(one["shift"], f"the row {abs(one['shift'])} {side} it")
    return f": the label of each image stands in {where} ({percent(one['agreement_shifted'])} agree)."


def order_sentence(context: CheckContext) -> str:
    """From how many rows on labels in another order are told; for the finding's threshold."""
    judged = context.label_judge
    if judged.own:
        return ""
    fewest = fewest_misplaced(context.dataset.train.labels, judged.probabilities["train"].argmax(axis=1))
    if fewest is None:
        return "; labels in another order from a row on can't be told: the reference is too weak"
    return (
        f"; labels in another order from a row on are told where about {fewest:,} images in a row have them"
    )


def out_of_order(context: CheckContext, found: list[dict[str, Any]]) -> Finding:
    """The finding where the reference is too weak for more, for that very reason."""
    return Finding(
        check="label-errors",
        verdict="fail",
        summary=misplaced_sentence(found)
        + "Single labels were not judged before these are in order: "
        + f"{context.judge_strength.too_weak}.",
        evidence={**reference_record(context), "out_of_order": found},
        threshold="labels and answers of the reference, which never saw the image's own label, agree in "
        f"these rows as labels by chance do{order_sentence(context)}",
        reason="from there on each picture teaches, or is tested by, the label of another one",
        fix=FIX_ORDER,
        count=0,
    )
