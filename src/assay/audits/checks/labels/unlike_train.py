"""Shifted splits: what `label-errors` says of splits that the reference classifier was not trained for."""

from assay.audits.checks.context import CheckContext
from assay.audits.checks.drift import compare_splits, far_figures
from assay.evaluation.metrics import wilson_interval


def unlike_splits(context: CheckContext) -> list[str]:
    """Splits whose pictures differ from those of train so much that `drift` fails, and whose labels the
    reference agrees with surely less often: it learned from train alone, so that it may be what is wrong."""
    judged = context.label_judge
    if judged.own or "train" not in judged.accuracy:
        return []
    splits = context.dataset.splits

    def ends(name: str) -> tuple[float, float]:
        n = len(splits[name])
        return wilson_interval(round(judged.accuracy[name] * n), n)

    return [
        name
        for name in judged.accuracy
        if name != "train"
        and ends(name)[1] < ends("train")[0]
        and "features" in far_figures(compare_splits(context, name))
    ]


def unlike_sentence(names: list[str]) -> str:
    """That labels of such splits may be right, for people."""
    of = " and ".join(names)
    return (
        f" The pictures of {of} are not like those of train (see drift), which the reference learned from: "
        "of these it may be wrong, and their labels right."
    )
