"""Messages on what a table of decisions changes."""

from collections.abc import Mapping, Sequence

from assay.core.errors import AssayError
from assay.core.events import Event, OnEvent, warn
from assay.data.decisions import Decided, Decision
from assay.data.values import Dataset


def tell_decided(
    decided: Decided, decisions: Sequence[Decision], table: object, dataset: Dataset, on_event: OnEvent
) -> None:
    """Say what the decisions of a table come to.

    Raises AssayError `table-value` where not one of them is about an image that is there.
    """
    applied = len(decisions) - decided.unmatched
    if decisions and not applied:
        what = f"none of its {len(decisions):,} decisions is about an image of {dataset.name}"
        fix = "Give the data that the decisions were made for, or that run's own table (assay review RUN)."
        raise AssayError("table-value", table, what, fix)
    if not applied:
        warn(on_event, "load", f"{table} holds no decision: fill in its column decision")
        return
    touched = ((split, counts) for split, counts in decided.counts.items() if any(counts.values()))
    told = "; ".join(f"{split}: {_counted(counts)}" for split, counts in touched)
    figures = {"applied": applied, "unmatched": decided.unmatched, "counts": dict(decided.counts)}
    plural = "decision applies" if applied == 1 else "decisions apply"
    message = f"{applied:,} {plural} ({told}); training follows them, the test labels stay"
    on_event(Event("decided", "load", {"message": message, **figures}))
    if decided.unmatched:
        which = "about images that are not there, or whose label is another now"
        warn(on_event, "load", f"passed over {decided.unmatched:,} decisions {which}")


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{action} {count:,}" for action, count in counts.items() if count)
