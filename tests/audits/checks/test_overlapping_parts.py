"""Tiles and crops of one picture on both sides of a split leak; a split that is drawn keeps them on one."""

import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from assay.audits.checks.context import CheckContext
from assay.audits.registry import audit_dataset, measure_all
from assay.cli.main import exit_code
from assay.data.values import Dataset, Split, numbered_ids
from assay.workflow.load import load

STEP, SIDE = 20, 40


def scene(seed: int, side: int = 140) -> np.ndarray:
    """A large gray picture, as a satellite or a microscope takes it."""
    rng = np.random.default_rng(seed)
    frequency = np.hypot(*np.meshgrid(np.fft.fftfreq(side), np.fft.fftfreq(side)))
    frequency[0, 0] = 1
    waves = np.fft.ifft2(np.fft.fft2(rng.normal(size=(side, side))) / frequency**1.5).real
    values = 128 + 45 * waves / waves.std() + rng.normal(0, 2, waves.shape)
    return values.clip(0, 255).astype(np.uint8)


def tiles(seeds: range, step: int = STEP) -> np.ndarray:
    places = [(y, x) for y in range(0, 140 - SIDE + 1, step) for x in range(0, 140 - SIDE + 1, step)]
    return np.stack([scene(s)[y : y + SIDE, x : x + SIDE] for s in seeds for y, x in places])[..., None]


def divided(pictures: np.ndarray, tested: np.ndarray) -> Dataset:
    """Two classes, the first half and the second half of the pictures; `tested` are the test split."""
    labels = (np.arange(len(pictures)) >= len(pictures) // 2).astype(np.int64)
    splits = {
        name: Split.from_arrays(pictures[rows], labels[rows], numbered_ids(name, len(rows)))
        for name, rows in (("train", np.setdiff1d(np.arange(len(pictures)), tested)), ("test", tested))
    }
    return Dataset("tiles", ("field", "town"), splits, "made for a test")


def test_tiles_on_both_sides_are_leakage() -> None:
    """Nearly all of them overlap a tile of train: counted, listed with their neighbor, and a fail."""
    pictures = tiles(range(6))
    tested = np.sort(np.random.default_rng(0).permutation(len(pictures))[:40])
    data = divided(pictures, tested)
    audit = audit_dataset(data, measure_all(data), ["leakage", "near-duplicates"])
    found = audit.finding("leakage")
    assert found.verdict == "fail"
    assert found.evidence["overlapping"] == found.count >= 38
    assert found.summary.startswith(f"{found.count} images (")
    assert ") outside train overlap training images: both show one part of a larger picture" in found.summary
    assert "keeps groups and parts of one picture on one side" in found.fix
    listed = [issue for issue in audit.issues if issue.check == "leakage"]
    assert {(i.kind, i.split, i.related_split) for i in listed} == {("overlap", "test", "train")}
    for issue in listed:
        own, other = pictures[tested[issue.index]], data.train.images[issue.related_index]
        assert not np.array_equal(own, other)
        assert issue.score >= 0.25
    assert "% of it is the same to the bit, moved by" in listed[0].detail
    assert audit.finding("near-duplicates").evidence["across-splits"] == 0
    assert "or moved by more than" not in found.summary


def test_tiles_of_other_pictures_do_not_leak() -> None:
    """The test split has pictures of its own: nothing is said, and tiles beside each other share nothing."""
    pictures = tiles(range(6))
    own = np.concatenate([np.arange(36), np.arange(len(pictures) - 36, len(pictures))])
    for data in (divided(pictures, own), divided(tiles(range(16), SIDE), np.arange(0, 144, 5))):
        found = audit_dataset(data, measure_all(data), ["leakage"]).finding("leakage")
        assert (found.evidence["overlapping"], found.count) == (0, 0)
        assert "overlap" not in found.summary


def test_the_reference_leaves_parts_of_one_picture_out_together() -> None:
    """Each of twelve pictures a class is one group; groups larger than a fifth of a class are not joined."""
    pictures = tiles(range(24))
    data = divided(pictures, np.zeros(0, np.int64))
    alone = Dataset(data.name, data.classes, {"train": data.train}, data.source)
    groups = CheckContext(alone, measure_all(alone)).groups
    assert [len(set(groups[n * 36 : n * 36 + 36].tolist())) for n in range(24)] == [1] * 24
    assert len(set(groups.tolist())) == 24


def test_a_split_that_is_to_be_drawn_is_told_of() -> None:
    """Of train alone it is said; the split that `run` draws parts no picture, and is counted in pictures."""
    pictures = tiles(range(24))
    data = divided(pictures, np.zeros(0, np.int64))
    alone = Dataset(data.name, data.classes, {"train": data.train}, data.source)
    found = audit_dataset(alone, measure_all(alone), ["leakage"]).finding("leakage")
    assert found.verdict == "not evaluated"
    assert f"{len(pictures):,} images (100.00 %) of train overlap others" in found.summary
    drawn = load(arrays=(pictures, data.train.labels), test_fraction=0.2)
    assert "parts of one picture (" in drawn.notes[-1]
    assert drawn.notes[-1].endswith("on one side")
    scenes = {bytes(tile): n // 36 for n, tile in enumerate(pictures)}
    parted = [{scenes[bytes(tile)] for tile in np.asarray(drawn.splits[s].images)} for s in ("train", "test")]
    assert not parted[0] & parted[1]


def test_a_run_on_tiles_counts_pictures(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """The folder of one test: its score stands on as many pictures as there are, and says so; shuffled into
    given splits, the headline says that test images overlap training images."""
    pictures = tiles(range(24)) // 2
    pictures[len(pictures) // 2 :] += 60
    order = np.random.default_rng(1).permutation(len(pictures))
    for place, row in enumerate(order.tolist()):
        split = "test" if place < 170 else "train"
        for root in ("drawn", f"given/{split}"):
            folder = tmp_path / root / ("field" if row < len(pictures) // 2 else "town")
            folder.mkdir(parents=True, exist_ok=True)
            Image.fromarray(pictures[row, ..., 0]).save(folder / f"{place:04}.png")
    quick = ["--model", "nearest-mean", "--checks", "near-duplicates,leakage"]
    assert exit_code(["run", str(tmp_path / "drawn"), "--out", str(tmp_path / "a"), *quick]) == 0
    told = capfd.readouterr().out
    assert "images in 4 groups" in told
    assert exit_code(["run", str(tmp_path / "given"), "--out", str(tmp_path / "b"), *quick]) == 0
    told = capfd.readouterr().out
    assert re.search(
        r"Do not trust this score yet: 1[67]\d test images \(\d+\.\d.%\) overlap training images\.", told
    )
