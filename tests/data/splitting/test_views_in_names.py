"""Names that come in sets of last or first words, or letters, are told as what may be views of one thing."""

import re
import shlex
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace

import pytest

from assay.data.inspect import inspect
from assay.data.splitting.views_in_names import notes_on_views
from assay.workflow.load import load
from encoded import pictures

pytestmark = pytest.mark.usefixtures("own_cache")


def told(names: Sequence[str], root: Path, **options: str) -> list[str]:
    found = [note for note in load(pictures(root, *names), **options).notes if "names come with" in note]
    if not options:
        assert [note for note in inspect(root).notes if "names come with" in note] == found
    return found


def pattern_of(note: str) -> str:
    given = re.search(r"--group-pattern (.+) keeps", note)
    assert given is not None
    return shlex.split(given[1])[0]


RGBD = [f"{kind}/{n}_{view}.png" for kind in ("cat", "dog") for n in range(12) for view in ("rgb", "depth")]


def test_two_pictures_of_one_scene_are_told_with_what_groups_them(tmp_path: Path) -> None:
    """They look unlike each other, so no search finds them: a test split was drawn across, in silence."""
    (note,) = told(RGBD, tmp_path)
    assert "24 names come with several last words (depth, rgb), as cat/0_depth.png does" in note
    pattern = pattern_of(note)
    found = load(tmp_path, group_pattern=pattern, test_fraction=0.25)
    groups = {name: set(split.columns["group"]) for name, split in found.splits.items()}
    assert set().union(*groups.values()) == {name.rpartition("_")[0] for name in RGBD}
    assert not groups["train"] & groups["test"]
    assert not any("names come with" in note for note in found.notes)  # answered


def test_eyes_of_one_patient_in_folders_of_their_grades(tmp_path: Path) -> None:
    """The two of a patient may lie in folders of two classes: then the name alone tells the patient."""
    names = [f"{(n + (side == 'left')) % 3}/{n}_{side}.png" for n in range(24) for side in ("left", "right")]
    (note,) = told(names, tmp_path)
    found = load(tmp_path, group_pattern=pattern_of(note))
    assert set(found.train.columns["group"]) == {str(n) for n in range(24)}


KINDS = [(kind, n) for kind in ("cat", "dog") for n in range(12)]
SHOES = [f"{kind}/{side}_{kind}{n}.png" for kind, n in KINDS for side in ("left", "right")]
SIDES = [f"{kind}/{kind}{n:02}{side}.png" for kind, n in KINDS for side in "LR"]


@pytest.mark.parametrize(
    ("names", "words", "groups"),
    [
        (
            SHOES,
            "first words (left, right), as cat/left_cat0.png does",
            [f"{kind}{n}" for kind, n in KINDS],
        ),
        (SIDES, "last letters (L, R), as cat/cat00L.png does", [f"{kind}/{kind}{n:02}" for kind, n in KINDS]),
    ],
    ids=["first", "letters"],
)
def test_views_at_other_places_of_a_name(
    names: list[str], words: str, groups: list[str], tmp_path: Path
) -> None:
    """Neither was told: a test split was drawn across both eyes or shoes of one."""
    (note,) = told(names, tmp_path)
    assert f"24 names come with several {words}" in note
    assert set(load(tmp_path, group_pattern=pattern_of(note)).train.columns["group"]) == set(groups)


@pytest.mark.parametrize(
    "names",
    [
        RGBD[:36],
        [f"{kind}/{n}_{kind}.png" for kind in ("cat", "dog") for n in range(30)],
        [f"{kind}/{view}_{n}.png" for kind in "ab" for n in range(12) for view in ("circle", "square")],
        [f"{kind}/{n}_x.png" for kind in "ab" for n in range(30)],
        [f"{kind}/{n}_{'pqrstuvw'[n % 8]}.png" for kind in "ab" for n in range(30)],
        [f"{kind}/{n}.png" for kind in "ab" for n in range(30)],
        [f"{kind}/{kind}_{n}.png" for kind in ("cat", "dog") for n in range(30)],
        [f"{kind}/{kind}{n}{'pq'[n % 2]}.png" for kind in ("cat", "dog") for n in range(30)],
    ],
    ids=[
        "few",
        "classes",
        "words first",
        "one word",
        "one each",
        "numbers",
        "class first",
        "letter each",
    ],
)
def test_other_names_are_passed_over(names: list[str], tmp_path: Path) -> None:
    assert told(names, tmp_path) == []


@pytest.mark.parametrize(("words", "count"), [(("rgb", "depth"), 1), (("train", "test"), 0)])
def test_words_for_splits_are_no_views(words: Sequence[str], count: int) -> None:
    ids = [f"a/{n}_{word}.png" for n in range(24) for word in words]
    images = SimpleNamespace(ids=ids, labels=[n // 2 % 2 for n in range(48)], columns={})
    assert len(notes_on_views({"train": images})) == count


def test_groups_that_are_named_are_enough(tmp_path: Path) -> None:
    assert told(RGBD, tmp_path, group_pattern="^([^_]+)") == []
