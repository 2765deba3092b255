"""Decisions about images: read, matched by digest, applied to training alone."""

import numpy as np
import pytest

from assay.core.errors import AssayError
from assay.data.decisions import COLUMNS, Decision, decide, decisions_csv, read_decisions
from assay.data.values import Dataset, Split, numbered_ids

CLASSES = ("cat", "dog", "owl")


def split_of(name, values, labels):
    images = np.array(values, np.uint8).reshape(-1, 1, 1, 1)
    return Split.from_arrays(images, np.array(labels, np.int64), numbered_ids(name, len(values)))


@pytest.fixture
def dataset():
    """Train: pictures 10, 20, 30, 30 (twice the same, with one label) and 40; test: picture 10 again."""
    train = split_of("train", [10, 20, 30, 30, 40], [0, 1, 2, 2, 0])
    return Dataset("small", CLASSES, {"train": train, "test": split_of("test", [10, 50], [0, 1])}, "arrays")


def about(dataset, row, action, split="train", **changes):
    images = dataset.splits[split]
    own = {"split": split, "id": images.ids[row], "label": CLASSES[images.labels[row]], **changes}
    return Decision(digest=images.hex_digest(row), action=action, **own)


def written(tmp_path, rows):
    file = tmp_path / "decisions.csv"
    file.write_text(decisions_csv(rows), "utf-8")
    return file


def row_of(decision):
    return {**vars(decision), "decision": decision.action}


def test_no_decision_changes_nothing(dataset):
    """Silent on the clean twin: same labels, same rows."""
    decided = decide(dataset, [])
    assert decided.labelled("train", dataset.train) is dataset.train
    assert decided.kept("train", np.arange(5)).tolist() == [0, 1, 2, 3, 4]
    assert decided.counts["train"] == {"keep": 0, "relabel": 0, "drop": 0}
    assert decided.fingerprint("train", dataset.train, CLASSES) == dataset.fingerprints["train"]


def test_each_action_does_what_it_says(dataset):
    """keep changes nothing, relabel one label, drop one row; the split itself stays as it was."""
    before = dataset.train.labels.copy()
    decided = decide(
        dataset,
        [
            about(dataset, 0, "keep"),
            about(dataset, 1, "relabel", new_label="owl"),
            about(dataset, 4, "drop"),
        ],
    )
    assert decided.labelled("train", dataset.train).labels.tolist() == [0, 2, 2, 2, 0]
    assert decided.kept("train", np.arange(5)).tolist() == [0, 1, 2, 3]
    assert np.array_equal(dataset.train.labels, before)
    assert decided.counts["train"] == {"keep": 1, "relabel": 1, "drop": 1}
    assert decided.unmatched == 0


def test_the_fingerprint_is_that_of_the_images_as_decided(dataset):
    """Relabelled and without the dropped one: as if the source had been so."""
    decided = decide(dataset, [about(dataset, 1, "relabel", new_label="owl"), about(dataset, 4, "drop")])
    twin = split_of("twin", [30, 20, 10, 30], [2, 2, 0, 2])
    assert decided.fingerprint("train", dataset.train, CLASSES) == twin.fingerprint(CLASSES)


def test_an_equal_image_in_another_split_is_not_meant(dataset):
    """The same picture lies in train and test; each decision stays in the split it names."""
    decided = decide(dataset, [about(dataset, 0, "drop", split="test")])
    assert {name: rows.tolist() for name, rows in decided.dropped.items()} == {"test": [0]}


def test_one_decision_drops_one_of_two_copies(dataset):
    """Dropping a copy leaves the other one, and it is the one named that goes."""
    decided = decide(dataset, [about(dataset, 3, "drop")])
    assert decided.dropped["train"].tolist() == [3]
    both = decide(dataset, [about(dataset, 3, "drop"), about(dataset, 2, "drop")])
    assert both.dropped["train"].tolist() == [2, 3]


def test_decisions_outlive_new_names_and_order(dataset):
    """Bound to the digest: renamed, reordered or moved to another split, the image is found again."""
    decision = about(dataset, 1, "relabel", new_label="owl")
    renamed = split_of("other", [40, 30, 20, 10], [0, 2, 1, 0])
    assert decide(Dataset("small", CLASSES, {"train": renamed}, "arrays"), [decision]).labels[
        "train"
    ].tolist() == [0, 2, 2, 0]
    moved = Dataset(
        "small", CLASSES, {"train": split_of("t", [10], [0]), "test": split_of("s", [20], [1])}, "arrays"
    )
    assert decide(moved, [decision]).labels["test"].tolist() == [2]


def test_exactly_named_images_are_served_first(dataset):
    """A decision with an unknown name does not take the image that another one names."""
    vague = about(dataset, 2, "drop", id="gone")
    exact = about(dataset, 2, "keep")
    decided = decide(dataset, [vague, exact])
    assert decided.dropped["train"].tolist() == [3]


def test_what_is_not_there_is_counted(dataset):
    """An image that is gone, or whose label was mended since, is `unmatched`; nothing else is touched."""
    gone = Decision("0" * 64, "cat", "drop")
    mended = about(dataset, 0, "drop", label="owl")
    decided = decide(dataset, [gone, mended])
    assert decided.unmatched == 2
    assert not decided.dropped
    assert not decided.labels


def test_a_new_label_must_be_a_class(dataset):
    """A misspelled class is refused, with the nearest one."""
    with pytest.raises(AssayError, match="Did you mean owl") as caught:
        decide(dataset, [about(dataset, 0, "relabel", new_label="owll")])
    assert caught.value.code == "class-names"


def test_a_table_is_read_back(tmp_path, dataset):
    """What was written is read; rows without a decision are passed over, case and spaces do not matter."""
    keep = about(dataset, 0, "keep", reason="=looks fine", who="Ann", when="2026-01-02")
    relabel = about(dataset, 1, "relabel", new_label="owl")
    undecided = {**row_of(keep), "id": "x", "decision": " "}
    shouted = {**row_of(about(dataset, 4, "drop")), "decision": " Drop "}
    file = written(tmp_path, [row_of(keep), undecided, row_of(relabel), shouted])
    assert read_decisions(file) == (keep, relabel, about(dataset, 4, "drop"))
    assert file.read_text("utf-8").splitlines()[0] == ",".join(COLUMNS)


def test_a_spreadsheet_may_use_semicolons_and_a_mark(tmp_path, dataset):
    """Spreadsheets save with a byte-order mark, semicolons and Windows line ends."""
    keep = about(dataset, 0, "keep")
    text = written(tmp_path, [row_of(keep)]).read_text("utf-8").replace(",", ";").replace("\n", "\r\n")
    (tmp_path / "saved.csv").write_bytes(b"\xef\xbb\xbf" + text.encode())
    assert read_decisions(tmp_path / "saved.csv") == (keep,)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"decision": "kep"}, "row 1.*Did you mean keep"),
        ({"digest": "12ab"}, "row 1.*64 hexadecimal"),
        ({"decision": "relabel", "new_label": ""}, "row 1.*without a new label"),
    ],
)
def test_a_bad_row_is_named(tmp_path, dataset, changes, told):
    """Typing errors are refused with their row: a decision that is silently lost would be a lie."""
    row = {**row_of(about(dataset, 0, "keep")), **changes}
    with pytest.raises(AssayError, match=told) as caught:
        read_decisions(written(tmp_path, [row]))
    assert caught.value.code == "table-value"


def test_contradictions_are_refused(tmp_path, dataset):
    """One image cannot be both kept and dropped; saying the same twice does no harm."""
    keep, drop = row_of(about(dataset, 0, "keep")), row_of(about(dataset, 0, "drop"))
    with pytest.raises(AssayError, match="two different decisions"):
        read_decisions(written(tmp_path, [keep, drop]))
    twice = read_decisions(written(tmp_path, [keep, keep]))
    assert decide(dataset, twice).counts["train"]["keep"] == 1


def test_needed_columns(tmp_path):
    """A table of something else is refused, with where to begin."""
    file = tmp_path / "table.csv"
    file.write_text("a,b\n1,2\n", "utf-8")
    with pytest.raises(AssayError, match="assay review") as caught:
        read_decisions(file)
    assert caught.value.code == "column-missing"


def test_as_many_decisions_as_equal_images() -> None:
    """Thirty thousand copies of one image, each with a decision: a search for each would not end."""
    count = 30_000
    images = np.zeros((count, 1, 1, 1), np.uint8)
    split = Split(
        images, np.zeros(count, np.int64), numbered_ids("train", count), np.zeros((count, 32), np.uint8)
    )
    dataset = Dataset("copies", ("a", "b"), {"train": split}, "arrays", fingerprints={"train": "x"})
    named = [Decision("0" * 64, "a", "drop", split="train", id=split.ids[-1 - i]) for i in range(count // 2)]
    loose = [Decision("0" * 64, "a", "keep") for _ in range(count)]
    found = decide(dataset, [*loose, *named])
    assert found.counts["train"]["drop"] == count // 2
    assert found.counts["train"]["keep"] == count // 2
    assert found.unmatched == count // 2
    assert found.dropped["train"].tolist() == list(range(count // 2, count))
