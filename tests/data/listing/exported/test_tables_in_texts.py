"""Texts with a header that name images by their folder and parts of their names, as Adience's folds do."""

from pathlib import Path

import pytest

from assay.core.errors import AssayError
from assay.data.inspect import inspect
from assay.workflow.load import load
from encoded import pictures
from told_command import words_after

pytestmark = pytest.mark.usefixtures("own_cache")

HEADER = ("user_id", "original_image", "face_id", "age", "gender", "x")


def adience(root: Path, sign: str = "\t", name: str = "coarse.{face}.{image}") -> dict[str, tuple[str, str]]:
    """Folders of people, of whom each has a picture with two faces; the gender and fold of each image."""
    right: dict[str, tuple[str, str]] = {}
    for fold in range(3):
        rows = [HEADER]
        for k in range(8):
            user, face = f"{fold}{k // 4}@N03", str(8 * fold + k)
            image = f"7{k - k % 2}_o.png"  # two faces in each
            path = f"faces/{user}/{name.format(face=face, image=image)}"
            pictures(root, path)
            rows.append(
                (user, image, face, "(25, 32)" if k % 3 else "(0, 2)", "mf"[k % 2], str(9 * fold + k))
            )
            right[path] = "mf"[k % 2], str(fold)
        text = "\n".join(sign.join(f'"{c}"' if sign in c else c for c in row) for row in rows)
        (root / f"fold_{fold}_data.txt").write_text(f"{text}\n")
    return right


@pytest.mark.parametrize("sign", ["\t", ","])
def test_the_command_writes_a_table_of_the_images_with_folds_and_groups(sign: str, tmp_path: Path) -> None:
    """Each person was a class, in silence. Of two faces in one picture each gets its own row."""
    right = adience(tmp_path / "a set", sign)
    with pytest.raises(AssayError, match="so the folders may be no classes; age, gender may be") as caught:
        inspect(tmp_path / "a set")
    path, *options = words_after(str(caught.value))
    assert options == ["--label-column", "age", "--group-column", "user_id"]
    data = load(path, label_column="gender", group_column="user_id")
    genders = [data.classes[label] for label in data.train.labels]
    found = dict(zip(data.train.ids, zip(genders, data.train.columns["fold"], strict=True), strict=True))
    assert found == right
    assert set(inspect(path, label_column="age").classes) == {"(0, 2)", "(25, 32)"}


@pytest.mark.parametrize(
    "text",
    [
        "user_id\toriginal_image\tgender\n" + "".join(f"x{k}\ty{k}.png\tm\n" for k in range(9)),  # of others
        "one\ttwo\tthree\n",
        "a, b, c and so on\nmore text, of some, length\n" * 9,
    ],
)
def test_other_texts_stop_nothing(text: str, tmp_path: Path) -> None:
    pictures(tmp_path, *(f"{name}/{k}.png" for name in ("cat", "dog") for k in range(6)))
    (tmp_path / "about.txt").write_text(text)
    assert inspect(tmp_path).classes == ("cat", "dog")


def test_names_that_several_images_end_in_are_not_guessed(tmp_path: Path) -> None:
    """Without the number of the face both pictures end alike."""
    adience(tmp_path, name="coarse-{face}.{image}")
    assert len(inspect(tmp_path).classes) == 6
