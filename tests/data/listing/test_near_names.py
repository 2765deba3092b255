"""Classes that may be one under two names: a letter apart, plural, parted otherwise; and honest neighbors."""

from pathlib import Path

import numpy as np
import pandas
import pytest
from PIL import Image

from assay import load
from assay.core.errors import AssayError
from assay.data.listing.advice import near_names
from assay.data.listing.advice.near_names import near_pairs, near_to, notes_on_near_names
from encoded import png


def _folder(root: Path, images: dict[str, int]) -> None:
    for number, (path, count) in enumerate(images.items()):
        (root / path).mkdir(parents=True)
        for place in range(count):
            Image.new("RGB", (4, 4), (20 * number, 10 * place, 0)).save(root / path / f"{place}.png")


@pytest.mark.parametrize(
    ("one", "other", "how"),
    [
        ("received", "recieved", "differ by a letter"),
        ("melanoma", "melanona", "differ by a letter"),
        ("nevus", "nevvus", "differ by a letter"),
        ("leaf_healthy", "leaf_helthy", "differ by a letter"),
        ("cat", "cats", "are singular and plural"),
        ("Berry", "berries", "are singular and plural"),
        ("leaf spot", "leaf_spots", "are singular and plural"),
        ("hot dog", "hot_dog", "differ only in what parts their words"),
        ("hot-dog", "Hotdog", "differ only in what parts their words"),
        ("café", "cafe", "differ only in accents"),
        *(
            ("cat", other, "differ only in signs or in zeros before a number")
            for other in ("'cat'", "cat?", "Cat.")
        ),
        ("salt & pepper", "salt &amp; pepper", "differ only in signs or in zeros before a number"),
        ("hot dog", "hot%20dog", "differ only in signs or in zeros before a number"),
        ("01_cat", "1_cat", "differ only in signs or in zeros before a number"),
        ("class 007", "class 7", "differ only in signs or in zeros before a number"),
    ],
)
def test_names_that_may_be_one(one: str, other: str, how: str) -> None:
    """A slip of the pen is told, whatever the order of the names, with the images of both."""
    assert list(near_pairs([one, "third thing", other])) == [(one, other, how)]
    assert list(near_pairs([other, one])) == [(other, one, how)]
    (note,) = notes_on_near_names({one: 12, other: 3, "third thing": 5})
    assert f"{one!r} (12 images) and {other!r} (3) {how}" in note


def test_honest_neighbors_are_left_alone() -> None:
    """Short words, numbers, grades, other first letters and other endings are other classes."""
    names = "cat car cart a b A A- 1 -1 10 11 1-1 1_1 class_1 class_2 f16 f18 type_i type_ii stage_a stage_b "
    names += "mild mild+ c c++ +/- 0.5mg 0.05mg 18 18+ no.1 no.10 "
    names += "male female man men methanol ethanol macaron macaroni glass glasses n01440764 n01440765"
    assert list(near_pairs(names.split())) == []
    assert list(near_pairs(["Cat", "cat ", "cat  "])) == []  # told by the note on case and spaces


def test_a_set_of_names_that_are_alike_by_design_is_not_told() -> None:
    """Where many names are a letter apart, that is how these are made; three slips among six
    names are told."""
    alike = {f"kin{letter}sopterin": 5 for letter in "abcdefg"}
    assert list(notes_on_near_names(alike)) == []
    few = dict.fromkeys(["received", "recieved", "returned", "retunred", "replaced", "repalced"], 5)
    assert len(list(notes_on_near_names(few))) == 3


def test_time_grows_with_the_names_not_with_their_pairs() -> None:
    """Ten thousand numbered names are compared by shared keys alone: none has a partner."""
    assert list(near_pairs([f"person {number:05}" for number in range(10_000)])) == []


def test_a_folder_with_a_misspelled_class_is_told(tmp_path: Path) -> None:
    """`load` and with it every report notes it; the clean twin has no such note."""
    _folder(tmp_path / "odd", {"received": 4, "recieved": 2, "damaged": 3})
    _folder(tmp_path / "clean", {"received": 4, "returned": 2, "damaged": 3})
    told = [note for note in load(str(tmp_path / "odd")).notes if "perhaps one class" in note]
    assert len(told) == 1
    assert "'received' (4 images) and 'recieved' (2) differ by a letter" in told[0]
    assert not any("perhaps one class" in note for note in load(str(tmp_path / "clean")).notes)


def test_arrays_with_text_labels_are_told_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Of arrays the same; `inspect` says it once."""
    from assay.cli.main import exit_code

    labels = np.array(["nevus", "nevvus", "melanoma"] * 4)
    np.savez(tmp_path / "set.npz", X=np.arange(12 * 16, dtype=np.uint8).reshape(12, 4, 4), y=labels)
    assert exit_code(["inspect", str(tmp_path / "set.npz")]) == 0
    assert capsys.readouterr().out.count("'nevus' (4 images) and 'nevvus' (4) differ by a letter") == 1


def test_a_misspelled_class_of_test_is_told(tmp_path: Path) -> None:
    """Images of `foxx` in test, where train has a `fox` that test lacks, are left out with the suspicion;
    where test has both, it is another class."""
    _folder(tmp_path / "odd", {"train/cat": 3, "train/fox": 3, "test/cat": 2, "test/foxx": 2})
    _folder(
        tmp_path / "other",
        {"train/cat": 3, "train/fox": 3, "test/cat": 2, "test/fox": 2, "test/foxx": 2},
    )
    assert any(
        "may be misspelled or cut short: 'foxx' for 'fox'" in note
        for note in load(str(tmp_path / "odd")).notes
    )
    notes = load(str(tmp_path / "other")).notes
    assert any("'foxx'" in note for note in notes)
    assert not any("misspelled" in note for note in notes)
    assert near_to("car", {"dog", "fox"}) is None


def _arrays(labels: list[str], test: list[str], **options: object) -> object:
    images = np.random.default_rng(0).integers(0, 256, (24, 8, 8), dtype=np.uint8)
    return load(arrays=(images[:12], np.array(labels * 4), images[12:], np.array(test * 4)), **options)


def _frames(labels: list[str], test: list[str], **options: object) -> object:
    def rows(names: list[str]) -> pandas.DataFrame:
        pictures = [png(np.full((8, 8), 20 * number + len(names[0]), np.uint8)) for number in range(12)]
        return pandas.DataFrame({"image": pictures, "label": names * 4})

    return load({"train": rows(labels), "test": rows(test)}, **options)


@pytest.mark.parametrize("form", [_arrays, _frames])
@pytest.mark.parametrize(
    ("other", "how"),
    [
        ("Cat", "differ only in case or spaces"),
        ("cat\u200b", "differ only in signs that cannot be seen"),
        ("\ufeffcat", "differ only in signs that cannot be seen"),
    ],
)
def test_spellings_are_told_in_every_form_and_joined(form, other: str, how: str) -> None:
    """Two classes, without a word: of arrays in case, of all forms in signs that nobody sees. `--classes`
    joins them, as the note says, and so it does where splits spell them differently."""
    names = [other, "cat", "dog"]
    assert any(how in note for note in form(names, names).notes)
    joined = form(names, names, classes=["cat", "dog"])
    assert joined.splits["test"].counts(2).tolist() == [8, 4]
    assert any("joined by --classes" in note for note in joined.notes)
    with pytest.raises(AssayError, match="the splits name their classes differently"):
        form(["cat", "dog", "dog"], [other, "dog", "dog"])
    found = form(["cat", "dog", "dog"], [other, "dog", "dog"], classes=["cat", "dog"])
    assert found.splits["test"].counts(2).tolist() == [4, 8]


@pytest.mark.parametrize("form", ["class_{}", "{}_class", "n{:08}", "{} of {}"])
def test_names_of_other_classes_are_compared_where_they_share_something(
    form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A test split of 2,000 other classes: not each with each of train."""
    compared = []
    alike = near_names._may_be

    def counted(one: str, other: str) -> bool:
        compared.append(one)
        return alike(one, other)

    monkeypatch.setattr(near_names, "_may_be", counted)
    train, test = ([form.format(n, n) for n in range(start, start + 2_000)] for start in (0, 5_000))
    assert near_names.names_meant(test, train) == {}
    assert len(compared) < 50 * 2_000
