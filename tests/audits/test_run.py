"""Audits kept for the next time, the user's features, and the self-test in the record."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from assay.audits import audit_cache
from assay.audits.measures.user_features import by_split, read_features
from assay.audits.registry import audit_dataset, measure_all
from assay.audits.run import run_checks
from assay.core.cache_folder import AUDITS
from assay.core.durable import json_text
from assay.core.errors import AssayError
from assay.core.events import Event
from planted import colored

DATASET = colored(train=30, test=10)
MEASURED = measure_all(DATASET)
QUICK = ("exact-duplicates", "drift", "quality", "label-errors")


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ASSAY_CACHE", str(tmp_path))
    return tmp_path


def entries(cache: Path) -> list[Path]:
    return sorted((cache / AUDITS).glob("*.json"))


def test_a_kept_audit_equals_a_fresh_one(own_cache: Path):
    """All checks: what is read back has the same findings, figures and issues, to the last digit."""
    fresh = audit_dataset(DATASET, MEASURED)
    first, second = run_checks(DATASET, MEASURED), run_checks(DATASET, MEASURED)
    assert len(entries(own_cache)) == 1
    for other in (first, second):
        assert json_text(other.as_record()) == json_text(fresh.as_record())
        assert other.issues == fresh.issues


def test_a_kept_audit_is_announced_like_a_fresh_one():
    """Listeners hear the same findings whether the audit was made or kept."""
    heard: list[list[Event]] = [[], []]
    for events in heard:
        run_checks(DATASET, MEASURED, QUICK, events.append)
    told = [[e for e in events if e.event == "finding"] for events in heard]
    assert told[0] == told[1]
    assert len(told[0]) == len(QUICK)


def test_any_change_of_the_question_asks_anew():
    """Other labels, order, names, settings or code: another key."""
    split = DATASET.train
    settings = {"thorough": False}
    swapped = replace(split, ids=[*split.ids[1::-1], *split.ids[2:]])
    relabelled = replace(split, labels=np.roll(split.labels, 1))
    keys = {
        audit_cache.audit_key(DATASET, settings),
        audit_cache.audit_key(DATASET, {"thorough": True}),
        audit_cache.audit_key(replace(DATASET, name="other"), settings),
        audit_cache.audit_key(replace(DATASET, splits={**DATASET.splits, "train": swapped}), settings),
        audit_cache.audit_key(replace(DATASET, splits={**DATASET.splits, "train": relabelled}), settings),
    }
    assert len(keys) == 5
    assert audit_cache.audit_key(colored(train=30, test=10), settings) in keys


def test_another_code_version_asks_anew(monkeypatch: pytest.MonkeyPatch):
    """An audit of older code is not the answer of newer code."""
    before = audit_cache.audit_key(DATASET, {})
    monkeypatch.setattr(audit_cache, "code_version", lambda _: "newer")
    assert audit_cache.audit_key(DATASET, {}) != before


def test_a_damaged_entry_is_made_again(own_cache: Path):
    """One changed byte, or a cut file, is noticed and never believed."""
    first = run_checks(DATASET, MEASURED, QUICK)
    (entry,) = entries(own_cache)
    whole = entry.read_bytes()
    for damaged in (whole.replace(b'"pass"', b'"fail"', 1), whole[: len(whole) // 2], b"\xff\xfe"):
        entry.write_bytes(damaged)
        assert run_checks(DATASET, MEASURED, QUICK) == first
        assert entry.read_bytes() == whole


def test_a_cache_that_cannot_be_written_does_no_harm(own_cache: Path):
    """The audit is made, and the reader is told that it is not kept."""
    (own_cache / AUDITS).write_text("in the way")
    heard: list[Event] = []
    assert run_checks(DATASET, MEASURED, ("exact-duplicates",), heard.append).findings
    assert [e.event for e in heard if e.event == "warning"] == ["warning"]


def test_only_so_many_audits_are_kept(own_cache: Path, monkeypatch: pytest.MonkeyPatch):
    """The oldest entries go first."""
    monkeypatch.setattr(audit_cache, "MOST", 2)
    for check in ("exact-duplicates", "quality", "drift"):
        run_checks(DATASET, MEASURED, (check,))
    assert len(entries(own_cache)) == 2


def test_the_self_test_stands_in_the_record():
    """Its rows are part of the statistics, and so of audit.json."""
    found = run_checks(colored(20, 8), measure_all(colored(20, 8)), ("quality",), self_test_seed=1)
    rows = found.statistics["self_test"]
    assert {"check", "fault", "recall", "precision", "false_alarms"} <= set(rows[0])
    assert json_text(found.as_record())


def test_features_are_split_in_source_order(tmp_path: Path):
    """Train rows come first, then test; more axes are joined."""
    n, m = len(DATASET.train), len(DATASET.splits["test"])
    rows = np.arange((n + m) * 6, dtype=np.float64).reshape(n + m, 2, 3)
    np.save(tmp_path / "features.npy", rows)
    found = by_split(read_features(tmp_path / "features.npy", DATASET).rows, DATASET)
    assert found["train"].shape == (n, 6)
    np.testing.assert_array_equal(found["test"], rows[n:].reshape(m, 6))


@pytest.mark.parametrize(
    "fault", ["missing", "pickle", "text", "rows", "finite", "huge", "beyond float32", "strings"]
)
def test_unusable_features_are_refused(tmp_path: Path, fault: str):
    """A missing file, pickled objects, no array, too few rows, NaN, huge, text: one clear error each."""
    file, total = tmp_path / "features.npy", len(DATASET.train) + len(DATASET.splits["test"])
    if fault == "pickle":
        np.save(file, np.array([[{}]], dtype=object), allow_pickle=True)
    elif fault == "text":
        file.write_text("not an array")
    elif fault == "rows":
        np.save(file, np.zeros((total - 1, 3)))
    elif fault == "finite":
        np.save(file, np.full((total, 3), np.nan))
    elif fault in ("huge", "beyond float32"):
        np.save(file, np.full((total, 3), 1e30 if fault == "huge" else 1e200))
    elif fault == "strings":
        np.save(file, np.full((total, 3), "x"))
    with pytest.raises(AssayError) as raised:
        read_features(file, DATASET)
    assert raised.value.code == ("file-missing" if fault == "missing" else "bad-arrays")


def test_another_number_of_threads_makes_another_audit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Matrix products round by the number of threads, so an audit made with another is not taken up."""
    keys = []
    for count in ("1", "2", ""):
        monkeypatch.setenv("OMP_NUM_THREADS", count)
        keys.append(audit_cache.audit_key(DATASET, {}))
    assert len(set(keys)) == 3
