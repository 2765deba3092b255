"""Events of a running stage: one callable feeds the progress bar, the log lines and the JSON stream."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

#: Every kind of event there is.
EVENTS: Final = (
    "stage-started",
    "progress",
    "epoch",
    "finding",
    "stage-finished",
    "warning",
    "decided",
    "choice",
    "run-finished",
)


@dataclass(frozen=True)
class Event:
    """One thing that happened: its kind (one of `EVENTS`), the stage it belongs to, and its figures."""

    event: str
    stage: str
    figures: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.event not in EVENTS:
            raise ValueError(f"unknown event {self.event!r}; there are {', '.join(EVENTS)}")

    def as_record(self) -> dict[str, Any]:
        """The event as one flat JSON object."""
        return {"event": self.event, "stage": self.stage, **self.figures}


OnEvent = Callable[[Event], None]


def ignore(event: Event) -> None:
    """The default listener, which discards every event: the library is silent unless asked."""


@contextmanager
def stage(on_event: OnEvent, name: str, **figures: Any) -> Iterator[dict[str, Any]]:
    """Announce a stage, run it, announce its end. Figures put into the yielded dict go with the end."""
    on_event(Event("stage-started", name, figures))
    result: dict[str, Any] = {}
    yield result
    on_event(Event("stage-finished", name, result))


def warn(on_event: OnEvent, stage_name: str, message: str, **figures: Any) -> None:
    """Tell of something that the user should know but that stops nothing."""
    on_event(Event("warning", stage_name, {"message": message, **figures}))


def progress(on_event: OnEvent, stage_name: str, done: int, total: int, unit: str) -> None:
    """Tell how far a stage has come: `done` of `total`, counted in `unit`."""
    on_event(Event("progress", stage_name, {"done": done, "total": total, "unit": unit}))
