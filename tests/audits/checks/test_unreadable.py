"""Images that could not be read are told of, counted and listed; a clean folder is not accused."""

from dataclasses import replace

import numpy as np
import pytest

from assay.audits.audit_cache import audit_key
from assay.audits.registry import audit_dataset, measure_all
from assay.audits.values import Audit
from assay.data.listing.walk import LINK, LINK_DEAD, LINK_OUT
from assay.data.values import Dataset, LeftOut, Split, numbered_ids


def _dataset(unreadable: int, ignored: int = 0, read: int = 300) -> Dataset:
    images = np.random.default_rng(0).integers(0, 256, (read, 4, 4, 1), dtype=np.uint8)
    split = Split.from_arrays(images, np.arange(read) % 2, numbered_ids("train", read))
    left = [LeftOut(f"a/{i}.png", "unreadable", "cut short", "train", "a") for i in range(unreadable)]
    left += [LeftOut(f"{i}.txt", "ignored", "no image") for i in range(ignored)]
    return Dataset("photos", ("a", "b"), {"train": split}, "folder", left_out=tuple(left))


def _audited(dataset: Dataset) -> Audit:
    return audit_dataset(dataset, measure_all(dataset), ["unreadable"])


@pytest.mark.parametrize(("unreadable", "verdict"), [(0, "pass"), (1, "warn"), (3, "warn"), (4, "fail")])
def test_the_verdict_follows_the_share(unreadable: int, verdict: str) -> None:
    """None: pass. Up to 1 % of all images: warn. More: fail. Stray files are no fault."""
    finding = _audited(_dataset(unreadable, ignored=5)).finding("unreadable")
    assert (finding.verdict, finding.count) == (verdict, unreadable)
    assert finding.evidence["ignored"] == 5
    assert bool(finding.fix) == bool(unreadable)


def test_every_unreadable_image_is_an_issue_without_a_place() -> None:
    """issues.csv names the file and the reason; its index is empty, for it is in no split."""
    issues = _audited(_dataset(2)).issues
    assert [issue.id for issue in issues] == ["a/0.png", "a/1.png"]
    row = issues[0].as_row()
    assert row[:8] == ("unreadable", "unreadable", 1.0, "train", None, "a/0.png", "", "a")
    assert row[-1] == "cut short"


def test_a_kept_audit_is_not_taken_for_other_losses() -> None:
    """The same images with other files left out are audited anew."""
    dataset = _dataset(1)
    assert audit_key(dataset, {}) != audit_key(replace(dataset, left_out=()), {})


@pytest.mark.parametrize("reason", [LINK, LINK_DEAD, LINK_OUT])
def test_links_that_were_not_followed_are_no_stray_files(reason: str) -> None:
    """Images may lie behind them: they are told apart from files of other kinds, and warned of."""
    given = _dataset(0, ignored=2)
    links = [LeftOut(f"a/x{i}.png", "ignored", reason) for i in range(3)]
    finding = _audited(replace(given, left_out=(*given.left_out, *links))).finding("unreadable")
    assert finding.verdict == "warn"
    assert f"3 links were not followed, first a/x0.png: {reason}" in finding.summary
    assert "2 other files are no images and were ignored" in finding.summary
    assert (finding.evidence["links"], finding.evidence["ignored"]) == (3, 5)
