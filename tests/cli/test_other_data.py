"""`assay evaluate RUN DATA --other-data`: a model on labelled images that are not its run's."""

import json
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import assay
from assay.cli.main import exit_code
from assay.cli.other_score import other_lines
from assay.evaluation.metrics import wilson_interval
from assay.evaluation.ood import Refused, refused_at_most
from assay.evaluation.values import Evaluation
from assay.workflow.deployed.other_data import OtherScore
from assay.workflow.deployed.seen_before import SeenBefore

pytestmark = pytest.mark.usefixtures("undrawn")

Call = Callable[..., tuple[int, str, str]]

QUICK = ("--checks", "identity,label-errors")
NAMES = ("cat", "dog", "owl")


def _picture(label: int, number: int, size: int = 16) -> np.ndarray:
    """Bars of another width for each class, with noise: some are answered wrongly."""
    rng = np.random.default_rng([label, number])
    bars = 110 + 60 * np.sin(np.arange(size) / size * 6.28 * (label + 2))
    return (bars + rng.normal(0, 60, (size, size))).clip(0, 255).astype(np.uint8)


def _write(
    folder: Path, names: tuple[str, ...], numbers: range, alter: Callable = lambda image: image
) -> None:
    for label, name in enumerate(names):
        (folder / name).mkdir(parents=True, exist_ok=True)
        for number in numbers:
            Image.fromarray(alter(_picture(label, number))).save(folder / name / f"{number}.png")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run on 150 training images, and sets that nobody trained on."""
    place = tmp_path_factory.mktemp("other")
    _write(place / "set/train", NAMES, range(50))
    _write(place / "set/test", NAMES, range(100, 120))
    line = [
        "run",
        str(place / "set"),
        "--model",
        "linear",
        "--epochs",
        "4",
        "-q",
        *QUICK,
        "--out",
        str(place / "run"),
    ]
    assert exit_code(line) == 0
    _write(place / "new", NAMES, range(200, 220))
    return place


@pytest.fixture
def call(place: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Call:
    """`call("evaluate", ...)` in that place: exit code, stdout, stderr."""
    monkeypatch.chdir(place)

    def called(*arguments: object) -> tuple[int, str, str]:
        capfd.readouterr()
        code = exit_code([str(argument) for argument in arguments])
        return code, *capfd.readouterr()

    return called


def _truth(place: Path, folder: str, names: tuple[str, ...] = NAMES) -> list[bool]:
    """Whether each picture is answered rightly, by `predict` on its file."""
    model = assay.load_model(place / "run")
    files = [(name, sorted((place / folder / name).glob("*.png"))) for name in names]
    return [answer == name for name, found in files for answer in model.predict(found)]


def _score(right: list[bool]) -> str:
    low, high = wilson_interval(sum(right), len(right))
    share, low, high = (f"{100 * part:.1f} %" for part in (np.mean(right), low, high))
    return f"accuracy {share} (95 % interval {low} to {high})"


def test_the_score_is_that_of_the_answers_of_predict(call: Call, place: Path) -> None:
    """On all images of a folder, and nothing in the run changes; the next command runs as typed."""
    before = {file: file.read_bytes() for file in (place / "run").rglob("*") if file.is_file()}
    code, out, _ = call("evaluate", "run", "new", "--other-data")
    right = _truth(place, "new")
    assert code == 0
    assert 0.5 < np.mean(right) < 1
    assert f"On 60 images of new: {_score(right)}; always the same answer: 33.3 %." in out
    assert {file: file.read_bytes() for file in (place / "run").rglob("*") if file.is_file()} == before
    (following,) = [
        line.removeprefix("Next: assay ") for line in out.splitlines() if line.startswith("Next: ")
    ]
    assert call(*shlex.split(following))[0] == 0


def test_a_test_split_alone_is_judged(call: Call, place: Path) -> None:
    """There is nothing to learn from, and nothing that is needed; `evaluate` without the option says how."""
    _write(place / "only/test", NAMES, range(200, 220))
    code, out, _ = call("evaluate", "run", "only", "--other-data")
    assert code == 0
    assert f"On 60 images of the test split of only: {_score(_truth(place, 'only/test'))}" in out
    code, _, err = call("evaluate", "run", "only")
    assert code == 4
    assert "assay evaluate RUN DATA --other-data" in err


@pytest.mark.parametrize("folder", ["loose", "loose set/test"])
def test_pictures_without_labels_come_with_the_command_that_answers_them(
    call: Call, place: Path, folder: str
) -> None:
    """A new batch of a camera: they were to be laid out by the classes that are asked for."""
    (place / folder).mkdir(parents=True, exist_ok=True)
    for number in range(3):
        Image.fromarray(_picture(0, 300 + number)).save(place / folder / f"{number}.png")
    code, _, err = call("evaluate", "run", folder.partition("/")[0], "--other-data")
    assert code == 3
    following = err.strip().partition("for the answers alone: assay ")[2]
    code, out, _ = call(*shlex.split(following))
    assert (code, len(out.splitlines())) == (0, 4)


def test_a_test_split_alone_is_judged_from_python(place: Path) -> None:
    """It was `too-few-images`: a slice by the distance to the training images wanted these."""
    _write(place / "alone/test", NAMES, range(200, 220))
    score = assay.evaluate(assay.load_model(place / "run"), place / "alone")
    assert score.accuracy == np.mean(_truth(place, "alone/test"))
    assert score.slices is not None
    assert "distance to train" not in {grouping.name for grouping in score.slices.by}


def test_of_data_with_splits_the_test_split_is_judged(call: Call, place: Path) -> None:
    """And the others are counted."""
    _write(place / "both/train", NAMES, range(300, 310))
    _write(place / "both/test", NAMES, range(200, 220))
    code, out, _ = call("evaluate", "run", "both", "--other-data")
    assert code == 0
    assert "On 60 images of the test split of both" in out
    assert "Not judged: 30 images of the other splits." in out


def test_training_images_among_them_are_counted(call: Call, place: Path) -> None:
    """The score without them is given beside; of training images alone it is not to be trusted."""
    _write(place / "mixed", NAMES, range(200, 220))
    _write(place / "mixed", NAMES, range(10))
    code, out, _ = call("evaluate", "run", "mixed", "--other-data")
    assert code == 0
    assert "The run held 30 of them for training. Without these, on 60 images: " in out
    assert f"{_score(_truth(place, 'new'))}; read that score instead." in out
    code, out, _ = call("evaluate", "run", "set/train", "--other-data")
    assert code == 0
    assert (
        "\nDo not trust this score: the run held all of these 150 images for training.\nOn 150 images" in out
    )
    (place / "run/label_quality.csv").rename(place / "aside")
    try:
        assert call("evaluate", "run", "mixed", "--other-data")[0] == 4  # the run is damaged
    finally:
        (place / "aside").rename(place / "run/label_quality.csv")


def test_classes_are_matched_by_name(call: Call, place: Path) -> None:
    """In another order, and some of them missing; others stop, with the option that names numbers."""
    _write(place / "fewer", ("cat",), range(200, 220))
    code, out, _ = call("evaluate", "run", "fewer", "--other-data")
    assert (code, "Not tested, for there is no image of it: dog, owl." in out) == (0, True)
    rows = [(f"new/{name}/{n}.png", name) for name in reversed(NAMES) for n in range(200, 220)]
    (place / "rows.csv").write_text("file,label\n" + "".join(f"{a},{b}\n" for a, b in rows))
    whole = _score(_truth(place, "new"))
    assert whole in call("evaluate", "run", "rows.csv", "--other-data")[1]

    told = {"upper": "name them as the model does (CAT as cat, ", "kinds": "Name classes as the model does"}
    for folder, names in (
        ("upper", ("CAT", "DOG", "OWL")),
        ("kinds", ("a", "b", "c")),
        ("n", ("0", "1", "2")),
    ):
        _write(place / folder, names, range(200, 220))
        code, _, err = call("evaluate", "run", folder, "--other-data")
        assert code == 3
        assert f"error[class-names]: {folder}: the model does not know 3 classes of them: " in err
        assert told.get(folder, "--classes says which name each is, in the order of 0, 1, 2.") in err
    code, out, _ = call("evaluate", "run", "n", "--other-data", "--classes", "cat,dog,owl")
    assert (code, whole in out) == (0, True)


def test_labels_that_count_from_one_are_asked_about(call: Call, place: Path) -> None:
    """A model of the classes 0, 1, 2 does not know a 3."""
    images = np.stack([_picture(label, n) for n in range(40) for label in range(3)])
    labels = np.tile(np.arange(3), 40)
    np.savez(place / "zero.npz", images=images, labels=labels)
    assert call("run", "zero.npz", "--model", "linear", "--epochs", 2, "-q", "--out", "numbers")[0] == 0
    np.savez(place / "one.npz", images=images[:9], labels=labels[:9] + 1)
    code, _, err = call("evaluate", "numbers", "one.npz", "--other-data")
    assert code == 3
    assert "Do they count from 1? The model's count from 0 to 2: --classes says" in err


def test_exchanged_names_and_foreign_pictures_are_told(call: Call, place: Path) -> None:
    """Each cause has its own line: names of classes, color, and what the gate says of pictures."""
    _write(place / "swapped", ("dog", "cat", "owl"), range(200, 220))
    out = call("evaluate", "run", "swapped", "--other-data")[1]
    assert "Mostly answered as one other class: cat as dog (" in out
    assert "Are the labels those of the model?" in out
    assert "dog as cat (" in out
    _write(place / "color", NAMES, range(200, 220), lambda image: np.stack([image, 255 - image, image], 2))
    out = call("evaluate", "run", "color", "--other-data")[1]
    assert "they are in color, and the model sees them in gray." in out
    assert _score(_truth(place, "color")) in out
    _write(place / "negative", NAMES, range(200, 220), lambda image: 255 - image // 3)
    assert (
        "Unlike the training images: 60 of 60 (100.0 %)"
        in call("evaluate", "run", "negative", "--other-data")[1]
    )


@pytest.mark.parametrize(
    ("labels", "answers", "asked"),
    [
        ((0, 0, 1, 1, 2, 2), (1, 1, 0, 0, 2, 2), True),
        ((0, 0, 1, 1), (1, 1, 2, 2), True),  # moved by one, the last class without images
        ((0, 0, 1, 1, 2, 2), (0, 0, 0, 0, 0, 0), False),  # a weak model and its favorite answer
        ((0, 0, 1, 1, 2, 2), (0, 0, 1, 1, 0, 0), False),
    ],
)
def test_labels_are_asked_about_where_names_seem_exchanged(
    labels: tuple[int, ...], answers: tuple[int, ...], asked: bool
) -> None:
    """Of a long tail that a linear model calls by its largest class nobody mixed up the labels."""
    score = Evaluation(("a", "b", "c"), np.array(labels), np.eye(3)[list(answers)])
    text = other_lines(
        OtherScore(score, "set", "train", 0, SeenBefore(np.zeros(len(labels), bool)), None, None)
    )
    assert "Mostly answered as one other class: " in text
    assert ("Are the labels those of the model?" in text) == asked


@pytest.mark.parametrize(
    ("at_most", "told"), [(0.153, " (up to 15.3\u00a0%, for it was set by few"), (None, ".")]
)
def test_a_gate_of_few_validation_images_is_told_as_vague(at_most: float | None, told: str) -> None:
    """Set by 18 images it refuses 1 of 19 familiar pictures on average, and 15 % now and then."""
    score = Evaluation(("a", "b"), np.array([0, 1]), np.eye(2))
    seen = SeenBefore(np.zeros(2, bool))
    text = other_lines(
        OtherScore(score, "set", "train", 0, seen, Refused(2, 1, 0.5, (0.1, 0.9)), 1 / 19, at_most)
    )
    assert f"of pictures like them 5.3\u00a0% are{told}" in text


def test_what_a_gate_refuses_at_most_is_simulated() -> None:
    """In 95 of 100 sets of 18 validation images the true share is below it; of many nothing is said."""
    most = refused_at_most(18, 1 / 19)
    assert most == pytest.approx(1 - 0.05 ** (1 / 18))
    true = 1 - np.random.default_rng(0).random((4000, 18)).max(axis=1)
    assert (true <= most).mean() == pytest.approx(0.95, abs=0.012)
    assert (refused_at_most(99, 0.01), refused_at_most(0, 0.5)) == (None, None)


def test_sixteen_bits_are_read_as_by_predict_or_refused(call: Call, place: Path) -> None:
    """Their high byte where they use it; the upper bits unused, nothing says how values compare."""
    _write(place / "full", NAMES, range(200, 220), lambda image: image.astype(np.uint16) * 257)
    assert _score(_truth(place, "new")) in call("evaluate", "run", "full", "--other-data")[1]
    _write(place / "low", NAMES, range(200, 220), lambda image: image.astype(np.uint16) * 16)
    code, _, err = call("evaluate", "run", "low", "--other-data")
    assert (code, err.startswith("error[image-format]: low: they have 16 bits a channel")) == (3, True)


def test_options_that_messages_name_are_there(call: Call, place: Path) -> None:
    """A damaged file stops, and the option that the message names leaves it out; others are refused."""
    _write(place / "damaged", NAMES, range(200, 210))
    (place / "damaged/cat/200.png").write_bytes(b"x")
    code, _, err = call("evaluate", "run", "damaged", "--other-data")
    assert (code, "leave them out with --skip-bad" in err) == (3, True)
    code, out, _ = call("evaluate", "run", "damaged", "--other-data", "--skip-bad")
    assert (code, "On 29 images of damaged: " in out) == (0, True)
    assert call("evaluate", "run", "new", "--skip-bad")[0] == 2
    for refused in (["--size", "8"], ["--out", "x"], ["--junit", "x.xml"], ["--max-risk", "0.1"]):
        assert call("evaluate", "run", "new", "--other-data", *refused)[0] == 2
    assert call("evaluate", "run", "--other-data")[0] == 2


def test_the_columns_of_the_run_are_not_those_of_other_data(call: Call, place: Path) -> None:
    """A run on a table with groups: a folder had no use for --group-column, which nobody had typed."""
    rows = [(f"set/train/{name}/{n}.png", name, f"{name}{n // 5}") for n in range(50) for name in NAMES]
    (place / "grouped.csv").write_text("f,kind,who\n" + "".join(f"{a},{b},{c}\n" for a, b, c in rows))
    columns = ("--path-column", "f", "--label-column", "kind", "--group-column", "who")
    line = ("run", "grouped.csv", *columns, "--model", "nearest-mean", *QUICK, "-q", "--out", "grouped")
    assert call(*line)[0] == 0
    assert "On 60 images of new: " in call("evaluate", "grouped", "new", "--other-data")[1]
    (place / "plain.csv").write_text("file,label\n" + "".join(f"new/{n}/200.png,{n}\n" for n in NAMES))
    assert "On 3 images of plain: " in call("evaluate", "grouped", "plain.csv", "--other-data")[1]
    out = call("evaluate", "grouped", "grouped.csv", "--other-data", *columns)[1]
    assert "On 150 images in 30 groups of grouped: " in out


def test_groups_of_training_are_counted(call: Call, place: Path) -> None:
    """Two patients of a run in other data: 20 new pictures of them were part of a score to be trusted."""
    _write(place / "visits", NAMES, range(300, 330))

    def table(name: str, who: Callable[[str, int], str], folder: str, numbers: range) -> None:
        rows = [f"{folder}/{kind}/{n}.png,{kind},{who(kind, n)}\n" for n in numbers for kind in NAMES]
        (place / f"{name}.csv").write_text("f,kind,who\n" + "".join(rows))

    columns = ("--path-column", "f", "--label-column", "kind", "--group-column", "who")
    table("known", lambda kind, n: f"{kind}{n // 5}", "set/train", range(50))
    line = ("run", "known.csv", *columns, "--model", "nearest-mean", *QUICK, "-q", "--out", "patients")
    assert call(*line)[0] == 0

    table("clean", lambda kind, n: f"{kind}new{n // 10}", "visits", range(300, 330))
    code, out, _ = call("evaluate", "patients", "clean.csv", "--other-data", *columns)
    assert (code, "read that score instead" in out) == (0, False)
    assert "Copies of training images were looked for, equal and near, and groups by their names." in out

    def two_known(kind: str, n: int) -> str:
        return f"{kind.title()}{n // 100}" if n < 310 and kind != "owl" else f"{kind}new{n // 10}"

    table("mixed", two_known, "visits", range(300, 330))
    code, out, _ = call("evaluate", "patients", "mixed.csv", "--other-data", *columns)
    model = assay.load_model(place / "patients")
    files = [(kind, place / f"visits/{kind}/{n}.png") for n in range(300, 330) for kind in NAMES]
    unseen = [(kind, file) for kind, file in files if not two_known(kind, int(file.stem)).endswith("3")]
    answers = model.predict([file for _, file in unseen])
    share = np.mean([answer == kind for answer, (kind, _) in zip(answers, unseen, strict=True)])
    assert len(unseen) == 70
    told = "20 of them are of groups that it held for training: Cat3, Dog3. Without these, on 70 images: "
    assert code == 0
    assert f"{told}accuracy {100 * share:.1f} % (" in out
    assert "; read that score instead." in out
    events = call("evaluate", "patients", "mixed.csv", "--other-data", *columns, "--json")[1]
    (event,) = [e for e in map(json.loads, events.splitlines()) if "of_groups_of_training" in e]
    assert (event["trained_on"], event["of_groups_of_training"]) == (0, 20)

    table("all", lambda kind, _: f"{kind}0", "visits", range(300, 330))
    gated = (*columns, "--fail-on", "accuracy<0.01")
    code, out, _ = call("evaluate", "patients", "all.csv", "--other-data", *gated)
    assert code == 8
    told = "the run held all of these 90 images for training, or others of their groups (90: cat0, "
    assert told in out


def test_events_have_the_figures(call: Call) -> None:
    """As JSON lines, for programs."""
    out = call("evaluate", "run", "new", "--other-data", "--json")[1]
    (event,) = [
        e for e in map(json.loads, out.splitlines()) if e["event"] == "stage-finished" and "accuracy" in e
    ]
    assert (event["n"], event["trained_on"], event["near_copies_of_training"]) == (60, 0, 0)


def _brighter(image: np.ndarray) -> np.ndarray:
    return np.clip(image.astype(int) + 9, 0, 255).astype(np.uint8)


def test_near_copies_of_training_images_are_counted(call: Call, place: Path) -> None:
    """Brighter ones of three images of each class, and an equal one: the score without all of them beside."""
    _write(place / "near", NAMES, range(200, 220))
    _write(place / "near", NAMES, range(3), _brighter)
    code, out, _ = call("evaluate", "run", "near", "--other-data")
    assert code == 0
    assert "\n9 of them are near copies of images that the run held for training. Without these, on 60" in out
    assert f"{_score(_truth(place, 'new'))}; read that score instead." in out
    _write(place / "near", NAMES, range(3, 4))
    out = call("evaluate", "run", "near", "--other-data")[1]
    assert "The run held 3 of them for training. 9 more are near copies of images that the run held" in out
    assert f"on 60 images: {_score(_truth(place, 'new'))}" in out
    assert "Copies of training images were looked for, equal and near, and no groups." in out
    _write(place / "bright", NAMES, range(5), _brighter)
    out = call("evaluate", "run", "bright", "--other-data")[1]
    assert "all of these 15 images for training, or near copies of them (15).\nOn 15 images" in out


def test_near_copies_in_color_are_counted(call: Call, place: Path) -> None:
    """As the model sees them, in gray."""
    _write(place / "tint", NAMES, range(200, 210))
    _write(place / "tint", NAMES, range(2), _brighter)
    for file in (place / "tint").rglob("*.png"):
        Image.open(file).convert("RGB").save(file)
    out = call("evaluate", "run", "tint", "--other-data")[1]
    assert "6 of them are near copies of images that the run held for training." in out


def test_data_of_the_run_that_are_gone_are_told(call: Call, place: Path) -> None:
    """Near copies cannot be looked for then; equal images are told by their digests."""
    (place / "set").rename(place / "away")
    try:
        code, out, _ = call("evaluate", "run", "new", "--other-data")
    finally:
        (place / "away").rename(place / "set")
    assert code == 0
    told = "Only equal images of training were looked for, no near copies, for the run's data cannot be read"
    assert told in out
    extra = place / "set/train/cat/900.png"
    Image.fromarray(_picture(0, 900)).save(extra)
    try:
        out = call("evaluate", "run", "new", "--other-data")[1]
    finally:
        extra.unlink()
    assert "no near copies, for the run's data are not what they were." in out


def test_nothing_is_said_to_be_learned_from_other_data(call: Call, place: Path) -> None:
    """Their splits are judged or not, and the accuracy is no test accuracy."""
    out = call("evaluate", "run", "new", "--other-data")[1]
    assert "fit the weights" not in out
    assert "test accuracy" not in out
    _write(place / "parts/train", NAMES, range(300, 310))
    _write(place / "parts/test", NAMES, range(200, 220))
    out = call("evaluate", "run", "parts", "--other-data")[1]
    rows = {
        line.split()[0]: line.split(maxsplit=3)[-1] for line in out.splitlines() if line.endswith(" judged")
    }
    assert rows == {"train": "not judged", "test": "judged"}


@pytest.mark.parametrize("names", [("x_test", "y_test"), ("test_x", "test_y")])
@pytest.mark.parametrize("form", ["npz", "folder"])
def test_arrays_of_a_test_split_alone_are_judged(
    names: tuple[str, str], form: str, call: Call, place: Path
) -> None:
    """They were refused for want of x_train; a run on them still says what it lacks."""
    images = np.stack([_picture(label, n) for label in range(3) for n in range(200, 220)])
    arrays = dict(zip(names, (images, np.repeat(NAMES, 20)), strict=True))
    file = place / f"{names[0]}-{form}.npz"
    if form == "npz":
        np.savez(file, **arrays)
    else:
        file.mkdir()
        for name, values in arrays.items():
            np.save(file / f"{name}.npy", values)
    code, out, _ = call("evaluate", "run", file, "--other-data")
    assert code == 0
    assert f"On 60 images of the test split of {file.name.removesuffix('.npz')}" in out.replace(".npz", "")
    assert _score(_truth(place, "new")) in out
    code, _, err = call("run", file, "--model", "linear", "-q")
    assert (code, "no images to learn from, no train split (there is test)" in err) == (3, True)


def test_a_run_without_one_model_is_refused(call: Call) -> None:
    """Of an audit there is no model; of several, one is to be named."""
    assert call("audit", "set", "--checks", "identity", "-q", "--out", "audited")[0] == 0
    code, _, err = call("evaluate", "audited", "new", "--other-data")
    assert (code, "it has no model of Assay's own" in err) == (2, True)
    line = (
        "run",
        "set",
        "--model",
        "majority,nearest-mean",
        "--checks",
        "identity",
        "-q",
        "--out",
        "several",
    )
    assert call(*line)[0] == 0
    code, _, err = call("evaluate", "several", "new", "--other-data")
    assert (code, "as several/models/majority-s0" in err) == (2, True)
    code, out, _ = call("evaluate", "several/models/nearest-mean-s0", "new", "--other-data")
    assert (code, "On 60 images of new" in out) == (0, True)


def test_gates_judge_the_score_to_read(call: Call, place: Path) -> None:
    """That without images of training; of these alone there is none, and every gate fails."""
    _write(place / "gated", NAMES, range(200, 220))
    _write(place / "gated", NAMES, range(10))
    accuracy = float(np.mean(_truth(place, "new")))
    line = ("evaluate", "run", "gated", "--other-data", "--fail-on")
    assert call(*line, f"accuracy<{accuracy - 0.001}")[0] == 0
    code, out, err = call(*line, f"accuracy<{accuracy + 0.001},macro_f1<0")
    assert (code, "read that score instead" in out) == (8, True)
    assert f"error[gate-failed]: gated: 1 of 2 gates failed: accuracy<{accuracy + 0.001:g} (found" in err
    code, _, err = call("evaluate", "run", "set/train", "--other-data", "--fail-on", "accuracy<0")
    assert (code, "accuracy<0 (not evaluated)" in err) == (8, True)
    for gate in ("ece>0.1", "leakage>0", "accuracy<baseline"):
        code, _, err = call(*line, gate)
        assert (code, "Gates there are accuracy, accuracy_low, macro_f1, min_class_recall." in err) == (
            2,
            True,
        )


def test_an_export_tells_the_way_without_the_data(call: Call, place: Path) -> None:
    """Of data that are gone or changed; the line that it gives runs as typed."""
    pytest.importorskip("onnxruntime")
    (place / "set").rename(place / "away")
    try:
        code, _, err = call("export", "run")
        assert (code, err.startswith("error[unknown-data]")) == (2, True)
        _write(place / "set/train", NAMES, range(10))
        _write(place / "set/test", NAMES, range(100, 110))
        code, _, err = call("export", "run")
        assert (code, err.startswith("error[data-changed]")) == (4, True)
        shutil.rmtree(place / "set")
    finally:
        (place / "away").rename(place / "set")
    told = "They are needed to prove the file on its test images. To prove it on made-up pictures alone: "
    command = shlex.split(err.strip().split(told)[1])
    subprocess.run([sys.executable, *command[1:]], check=True, cwd=place)
    assert (place / "model.onnx").is_file()
