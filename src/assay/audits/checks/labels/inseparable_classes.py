"""Inseparable classes: what the checks of labels say of classes that pictures do not tell apart."""

from typing import Any, Final

from assay.audits.checks.context import CheckContext
from assay.audits.checks.issues import percent
from assay.core.text import one_line

_SHOWN: Final = 5


def inseparable_evidence(context: CheckContext) -> list[dict[str, Any]]:
    """The pairs, and how often a picture of the one is given more of it than one of the other."""
    names = context.dataset.classes
    return [
        {"classes": [names[pair.first], names[pair.second]], "told_apart": pair.told_apart}
        for pair in context.inseparable
    ]


def inseparable_sentence(context: CheckContext) -> str:
    """Names the pairs, with both readings; empty without any."""
    if not context.inseparable:
        return ""
    names = context.dataset.classes
    shown = [
        f"{one_line(names[pair.first])} and {one_line(names[pair.second])} ({percent(pair.told_apart, 0)})"
        for pair in context.inseparable[:_SHOWN]
    ]
    more = len(context.inseparable) - len(shown)
    told = ", ".join(shown) + (f" and {more} more pairs" if more > 1 else " and 1 more pair" if more else "")
    return (
        " The reference can hardly tell these classes apart, or their labels were exchanged as often as not: "
        f"{told}; 50 % is a guess. No label of the one is called wrong for looking like the other."
    )
