"""A test split that Assay draws does not part near copies: planted ones, and their clean twin."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

import assay
from assay.core import durable
from assay.core.cache_folder import cache_folder
from assay.core.errors import AssayError
from assay.data.checked_images import CheckedImages
from assay.data.load import as_request, read
from assay.data.splitting.stratified import hold_out
from assay.data.splitting.test_split import with_test_split
from assay.duplicates.cached_pairs import kept_copies
from assay.duplicates.find import find_copies
from assay.workflow.planning.data import need_test_split
from planted import CLASSES, colored_split

COPIED = 24


@pytest.fixture(scope="module")
def clean():
    """120 colored pictures without copies: images and labels."""
    split = colored_split("train", 40, seed=5, shape=(32, 32))
    return split.images, split.labels


@pytest.fixture(scope="module")
def planted(clean):
    """The same and, behind them, the first 24 again: mirrored, brighter, or with less contrast."""
    images, labels = clean
    first = images[:COPIED].astype(float)
    changed = np.concatenate([first[:8, :, ::-1], first[8:16] + 20, first[16:] * 0.8 + 20])
    copies = np.clip(np.rint(changed), 0, 255).astype(np.uint8)
    return np.concatenate([images, copies]), np.concatenate([labels, labels[:COPIED]])


def without_the_search(arrays, seed=0):
    """A test split drawn with exact copies and groups kept together, near copies not looked for."""
    return with_test_split(read(as_request(arrays=arrays)), 0.3, seed)


def sides(dataset, count):
    """0 or 1 for each image in the order it was given: in train, or in the test split."""
    split_of = {
        name: side for side, split in enumerate(("train", "test")) for name in dataset.splits[split].ids
    }
    return [split_of[name] for name in sorted(split_of)][:count]


def test_planted_near_copies_end_up_on_one_side(planted):
    """For each of five seeds; without the audit's eye some are parted, so the test can fail."""
    parted_without = 0
    for seed in range(5):
        found = sides(assay.load(arrays=planted, test_fraction=0.3, seed=seed), 144)
        assert [found[120 + i] for i in range(COPIED)] == found[:COPIED]
        plain = sides(without_the_search(planted, seed), 144)
        parted_without += sum(plain[120 + i] != plain[i] for i in range(COPIED))
    assert parted_without > 20


def test_the_clean_twin_is_split_as_without_the_search(clean):
    """Where there are no near copies, the rows are those of the plain draw."""
    found, plain = assay.load(arrays=clean, test_fraction=0.3), without_the_search(clean)
    assert sides(found, 120) == sides(plain, 120)
    assert found.notes[-1].endswith("stratified; copies on one side")


def test_the_rule_is_recorded_and_classes_keep_their_share(planted):
    """The note counts the pairs; every class gives its share of test images."""
    found = assay.load(arrays=planted, test_fraction=0.25)
    assert f"copies, near copies ({COPIED} pairs) on one side" in found.notes[-1]
    whole = np.bincount(planted[1])
    assert np.all(np.abs(found.splits["test"].counts(3) - whole / 4) <= 1)


def test_leakage_finds_none_where_the_split_was_drawn(planted):
    """The audit of the split agrees with the search that it was drawn by."""
    found = assay.audit(assay.load(arrays=planted, test_fraction=0.3), checks=["near-duplicates", "leakage"])
    leakage = next(f for f in found.findings if f.check == "leakage")
    assert (leakage.verdict, leakage.count) == ("pass", 0)
    assert next(f for f in found.findings if f.check == "near-duplicates").count == COPIED


def test_validation_rows_do_not_part_them_either(planted):
    """What was found for the test split holds for the images held out of train too."""
    train = assay.load(arrays=planted, test_fraction=0.3).train
    held = hold_out(train, 0.3, 1)
    assert len(np.unique(train.together)) < len(train)
    assert not set(train.together[held.train]) & set(train.together[held.validation])


def test_a_given_test_split_is_not_searched(planted, monkeypatch):
    """Given splits stay as they are, and so do the rows of their validation hold-outs."""
    monkeypatch.setattr("assay.duplicates.cached_pairs.near_pairs", lambda _: pytest.fail("searched"))
    given = assay.load(arrays=(*planted, planted[0][:9], planted[1][:9]), test_fraction=0.3)
    assert given.train.together is None


def test_a_folder_is_split_once_and_read_back_alike(planted, tmp_path, monkeypatch):
    """The split of a folder lies in the cache, what belongs together with it."""
    images, labels = planted
    for number, (image, label) in enumerate(zip(images, labels, strict=True)):
        (tmp_path / CLASSES[label]).mkdir(exist_ok=True)
        Image.fromarray(image).save(tmp_path / CLASSES[label] / f"{number:03d}.png")
    first = assay.load(tmp_path, test_fraction=0.3)
    monkeypatch.setattr("assay.duplicates.cached_pairs.find_copies", lambda _: pytest.fail("searched again"))
    again = assay.load(tmp_path, test_fraction=0.3)
    assert again == first
    assert again.train.together is not None


def test_pairs_are_found_once(planted, monkeypatch):
    """A set without a cache of its own is not searched again; a damaged record is."""
    first = assay.load(arrays=planted, test_fraction=0.3)
    with monkeypatch.context() as patch:
        patch.setattr("assay.duplicates.cached_pairs.find_copies", lambda _: pytest.fail("searched again"))
        assert assay.load(arrays=planted, test_fraction=0.3) == first
    for path in (cache_folder() / "audits").glob("near-copies-*.json"):
        durable.write_text(path, path.read_text().replace("[", "[[", 1))
    assert assay.load(arrays=planted, test_fraction=0.3) == first


def test_an_audit_of_what_was_divided_does_not_search_again(planted, monkeypatch):
    """What is kept is what a search of the parts finds, to the bit, pair by pair."""
    divided = assay.load(arrays=planted, test_fraction=0.3)
    kept, found = kept_copies(divided), find_copies(divided)
    assert kept is not None
    assert len(found.near_first) >= COPIED
    for name, value in vars(found).items():
        assert np.array_equal(getattr(kept, name), value), name
    monkeypatch.setattr("assay.duplicates.cached_pairs.find_copies", lambda *_: pytest.fail("searched again"))
    audit = assay.audit(divided, checks=["near-duplicates"])
    assert audit.findings["near-duplicates"].count == COPIED


def test_a_set_of_other_pictures_or_sizes_is_searched(planted):
    """One picture less, or files that had other sizes: nothing is kept for those."""
    divided = assay.load(arrays=planted, test_fraction=0.3)
    images, labels = planted
    assert kept_copies(assay.load(arrays=(images[1:], labels[1:]))) is None
    train = replace(divided.train, columns={"width": np.full(len(divided.train), 64)})
    assert kept_copies(replace(divided, splits={**divided.splits, "train": train})) is None


def test_a_large_split_lies_in_the_cache(planted, monkeypatch, tmp_path):
    """Above a bound the pixels of a drawn split stay in their file, and are the same as in memory."""
    monkeypatch.setenv("ASSAY_CACHE", str(tmp_path))
    small = assay.load(arrays=planted, test_fraction=0.3)
    monkeypatch.setattr("assay.workflow.load.IN_MEMORY", 0)
    monkeypatch.setattr("assay.data.storage.store.IN_MEMORY", 0)
    large = assay.load(arrays=planted, test_fraction=0.3)
    assert large == small
    assert large.notes == small.notes
    assert all(isinstance(split.images, CheckedImages) for split in large.splits.values())
    assert not any(isinstance(split.images, CheckedImages) for split in small.splits.values())
    other = assay.load(arrays=planted, test_fraction=0.3, seed=1)
    assert other != large


@pytest.mark.parametrize(
    ("drawn", "told"),
    [(True, "the test split that was drawn from train is empty"), (False, "have no test split")],
)
def test_a_drawn_test_split_that_is_empty_is_not_called_missing(drawn, told):
    """LFW has one picture of most people: no class has one to spare, and the user may not see why."""
    images = np.random.default_rng(0).integers(0, 256, (6, 8, 8), np.uint8)
    found = read(as_request(arrays=(images, np.arange(6))))
    with pytest.raises(AssayError, match=told) as caught:
        need_test_split(with_test_split(found, 0.2, 0) if drawn else found)
    assert caught.value.code == "no-test-split"
    assert ("--test-fraction" in caught.value.fix) is drawn
