import pytest

from assay.core.events import EVENTS, Event, ignore, progress, stage, warn


def test_a_stage_tells_its_start_and_end():
    """Figures known at the start go with it, those found out go with the end."""
    heard = []
    with stage(heard.append, "train", epochs=3) as found:
        found["loss"] = 0.5
    assert heard == [
        Event("stage-started", "train", {"epochs": 3}),
        Event("stage-finished", "train", {"loss": 0.5}),
    ]


def test_a_failed_stage_has_no_end():
    """What stopped half-way did not finish."""
    heard = []
    with pytest.raises(ValueError, match="stop"), stage(heard.append, "train"):
        raise ValueError("stop")
    assert [event.event for event in heard] == ["stage-started"]


def test_records_are_flat():
    """One JSON object a line."""
    heard = []
    warn(heard.append, "load", "careful", place="here")
    progress(heard.append, "load", 1, 2, "bytes")
    assert heard[0].as_record() == {
        "event": "warning",
        "stage": "load",
        "message": "careful",
        "place": "here",
    }
    assert heard[1].as_record() == {
        "event": "progress",
        "stage": "load",
        "done": 1,
        "total": 2,
        "unit": "bytes",
    }


def test_unknown_events_are_a_bug():
    """The list of events is the interface."""
    with pytest.raises(ValueError, match="unknown event"):
        Event("surprise", "load")
    assert len(set(EVENTS)) == len(EVENTS)


def test_nobody_needs_to_listen():
    """The library is silent unless asked."""
    assert ignore(Event("warning", "load")) is None
