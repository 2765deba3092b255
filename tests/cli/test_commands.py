"""The commands as a user meets them: what they print, where files land, and how they end."""

import csv
import io
import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from assay.cli.main import COMMANDS, exit_code
from assay.core.events import EVENTS
from assay.workflow.load import load
from assay.workflow.recorded.run_record import damaged_files, read_manifest

Answer = tuple[int, str, str]

#: Most tests here are not about the audit, and the quick checks are enough for them.
QUICK = ("--checks", "identity,label-balance")

#: The default for people's own images is a net that sees shapes; where the net does not matter, the quickest.
LINEAR = ("--model", "linear")


@pytest.fixture
def assay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Callable[..., Answer]:
    """`assay("run", ...)` in an empty folder: exit code, stdout, stderr."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments: object) -> Answer:
        capfd.readouterr()
        code = exit_code([str(argument) for argument in arguments])
        out, err = capfd.readouterr()
        return code, out, err

    return call


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run on the sample, two epochs."""
    out = tmp_path_factory.mktemp("finished") / "run"
    assert exit_code(["run", "fashion-mnist-sample", "--epochs", "2", *QUICK, "--out", str(out), "-q"]) == 0
    return out


def test_run_tells_the_story_and_ends_with_the_next_command(
    assay: Callable[..., Answer], tmp_path: Path
) -> None:
    """Without --out the run lands in ./runs/ and nowhere else; every stage speaks, one line an epoch."""
    code, out, err = assay("run", "fashion-mnist-sample", "--epochs", 2)
    assert (code, err) == (0, "")
    runs = list((tmp_path / "runs").iterdir())
    assert len(runs) == 1
    assert runs[0].name.endswith("-fashion-mnist-sample-mlp")
    assert [p.name for p in tmp_path.iterdir()] == ["runs"]
    assert "held out until the end" in out
    assert "Total parameters: 101,770 (397.54 KB)" in out
    assert sum(line.strip().startswith("epoch ") for line in out.splitlines()) == 2
    assert re.search(r"test accuracy \d\d\.\d % \(95 % interval \d\d\.\d % to \d\d\.\d %\)", out)
    last = out.rstrip().splitlines()[-1]
    assert last == f"Next: assay predict runs/{runs[0].name} PICTURE.png"


def test_the_run_folder_is_as_promised(finished: Path) -> None:
    """Every file of the interface is there, and the manifest vouches for each."""
    names = {p.name for p in finished.iterdir()}
    assert names == {
        "report.html",
        "report.json",
        "figures",
        "audit.json",
        "issues.csv",
        "evaluation.json",
        "predictions.csv",
        "history.csv",
        "config.toml",
        "manifest.json",
        "model",
        "checkpoints",
    }
    assert {p.name for p in (finished / "model").iterdir()} == {"model.safetensors", "model.json"}
    assert damaged_files(finished, read_manifest(finished)) == []


def test_files_have_the_promised_columns_and_keys(finished: Path) -> None:
    """Columns and keys are an interface: others read them."""
    assert _header(finished / "history.csv") == [
        "epoch",
        "learning_rate",
        "train_loss",
        "train_accuracy",
        "val_loss",
        "val_accuracy",
    ]
    assert _header(finished / "issues.csv") == (
        "check,kind,score,split,index,id,digest,label,suggested,suggested_probability,"
        "related_split,related_index,related_id,detail"
    ).split(",")
    classes = load("fashion-mnist-sample").classes
    assert _header(finished / "predictions.csv") == [
        *"split,index,id,digest,label,predicted,probability".split(","),
        *(f"p:{name}" for name in classes),
    ]
    scores = json.loads((finished / "evaluation.json").read_text("utf-8"))
    assert scores["schema"] == 1
    assert scores["model"] == {
        "recipe": "mlp",
        "parameters": 101_770,
        "trainable_parameters": 101_770,
        "multiply_adds": 101_632,
        "bytes": 407_080,
    }
    assert set(scores["test"]) == {
        "n",
        "accuracy",
        "accuracy_ci95",
        "loss",
        "macro_precision",
        "macro_recall",
        "macro_f1",
        "macro_precision_ci95",
        "macro_recall_ci95",
        "macro_f1_ci95",
        "macro_ci95_reason",
        "per_class",
        "confusion",
    }
    assert {"honest", "calibration", "abstention", "out_of_distribution", "slices"} < set(scores)
    assert list(scores["test"]["per_class"]) == sorted(classes)
    audit = json.loads((finished / "audit.json").read_text("utf-8"))
    assert audit["schema"] == 1
    assert {"name", "source", "classes", "splits", "fingerprint"} <= set(audit["dataset"])
    for finding in audit["findings"]:
        assert set(finding) == set("check area verdict summary evidence threshold reason fix count".split())


def _header(file: Path) -> list[str]:
    return next(csv.reader(io.StringIO(file.read_text("utf-8"))))


def test_predictions_agree_with_the_scores(finished: Path) -> None:
    """The accuracy of evaluation.json is found again by counting predictions.csv."""
    rows = list(csv.DictReader(io.StringIO((finished / "predictions.csv").read_text("utf-8"))))
    test = json.loads((finished / "evaluation.json").read_text("utf-8"))["test"]
    assert len(rows) == test["n"] == 500
    assert [int(row["index"]) for row in rows] == list(range(500))
    assert sum(row["label"] == row["predicted"] for row in rows) / 500 == test["accuracy"]


def test_train_then_evaluate_equals_run(assay: Callable[..., Answer], finished: Path, tmp_path: Path) -> None:
    """The two halves give the same scores, predictions and model as the whole."""
    code, out, _ = assay("train", "fashion-mnist-sample", "--epochs", 2, *QUICK, "--out", "half")
    assert code == 0
    assert "have not been looked at" in out
    assert not (tmp_path / "half" / "evaluation.json").exists()
    assert assay("evaluate", "half")[0] == 0
    for name in (
        "evaluation.json",
        "predictions.csv",
        "history.csv",
        "model/model.safetensors",
        "audit.json",
    ):
        assert (tmp_path / "half" / name).read_bytes() == (finished / name).read_bytes(), name
    assert damaged_files(tmp_path / "half", read_manifest(tmp_path / "half")) == []


def test_a_run_repeats_from_its_own_configuration(
    assay: Callable[..., Answer], finished: Path, tmp_path: Path
) -> None:
    """config.toml holds everything: the repeated run has the same files, byte for byte."""
    assert assay("run", "--config", finished / "config.toml", "--out", "again")[0] == 0
    for name in read_manifest(finished)["files"]:
        assert (tmp_path / "again" / name).read_bytes() == (finished / name).read_bytes(), name


def test_evaluating_other_data_is_refused(assay: Callable[..., Answer], tmp_path: Path) -> None:
    """A run's score belongs to its own test images; changed ones are exit 4."""
    _write_folder(tmp_path / "mine", 0)
    _write_folder(tmp_path / "other", 1)
    assert assay("train", "mine", "--epochs", 1, *QUICK, *LINEAR, "--out", "run")[0] == 0
    code, _, err = assay("evaluate", "run", "other")
    assert code == 4
    assert err.startswith("error[data-changed]: other:")
    assert assay("evaluate", "run", "mine")[0] == 0


def _write_folder(folder: Path, seed: int) -> None:
    """A small image set as four IDX files."""
    rng = np.random.default_rng(seed)
    folder.mkdir()
    for stem, n in (("train", 60), ("t10k", 30)):
        images = rng.integers(0, 256, (n, 6, 6), dtype=np.uint8)
        labels = (np.arange(n) % 3).astype(np.uint8)
        head = bytes([0, 0, 8, 3]) + b"".join(size.to_bytes(4, "big") for size in images.shape)
        (folder / f"{stem}-images-idx3-ubyte").write_bytes(head + images.tobytes())
        head = bytes([0, 0, 8, 1]) + n.to_bytes(4, "big")
        (folder / f"{stem}-labels-idx1-ubyte").write_bytes(head + labels.tobytes())


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A folder of photos, a sub-folder per class, without a test split; one file is damaged."""
    rng = np.random.default_rng(5)
    for k, name in enumerate(("apple", "pear")):
        (tmp_path / "photos" / name).mkdir(parents=True)
        for i in range(15):
            pixels = rng.integers(0, 60, (12 + i, 14, 3), dtype=np.uint8)
            pixels[4:8, 4:8, k] = 200
            Image.fromarray(pixels).save(tmp_path / "photos" / name / f"{i}.png")
    (tmp_path / "photos" / "pear" / "3.png").write_bytes(b"\x89PNG\r\n\x1a\n damaged")
    (tmp_path / "photos" / "notes.txt").write_text("to be ignored")
    return tmp_path / "photos"


def test_damaged_photos_are_listed_by_an_audit_and_stop_a_run(
    assay: Callable[..., Answer], photos: Path
) -> None:
    """audit and inspect report and go on; run stops with exit 3 and writes nothing, unless told to skip."""
    code, out, _ = assay("inspect", photos, "--json")
    assert code == 0
    left = {item["id"]: item["kind"] for item in json.loads(out)["left_out"]}
    assert left == {"pear/3.png": "unreadable", "notes.txt": "ignored"}
    assert assay("audit", photos, *QUICK, "--out", "a")[0] == 0
    code, _, err = assay("run", photos, *QUICK, *LINEAR, "--epochs", 1, "--out", "b")
    assert (code, "3.png" in err, Path("b").exists()) == (3, True, False)
    assert assay("run", photos, *QUICK, *LINEAR, "--epochs", 1, "--skip-bad", "--out", "c")[0] == 0


def test_a_folder_without_a_test_split_gets_one(assay: Callable[..., Answer], photos: Path) -> None:
    """A run takes a fifth for testing unless told otherwise, and says so; the score covers just these."""
    code, out, _ = assay(
        "run", photos, *QUICK, *LINEAR, "--skip-bad", "--epochs", 1, "--out", "r", "--test-fraction", 0.4
    )
    assert code == 0, out
    scores = json.loads((photos.parent / "r" / "evaluation.json").read_text("utf-8"))
    assert scores["test"]["n"] == 12
    assert "held out until the end" in out


def test_converting_keeps_the_fingerprint(assay: Callable[..., Answer], tmp_path: Path) -> None:
    """The same set in another form is the same set."""
    assert assay("convert", "fashion-mnist-sample", "x.npz")[0] == 0
    prints = []
    for data in ("fashion-mnist-sample", "x.npz"):
        out = tmp_path / Path(data).stem
        assert assay("audit", data, *QUICK, "--out", out)[0] == 0
        prints.append(json.loads((out / "audit.json").read_text("utf-8"))["dataset"]["fingerprint"])
    assert prints[0] == prints[1]


def test_the_audit_alone_writes_its_own_files(assay: Callable[..., Answer], tmp_path: Path) -> None:
    """No model, no scores; the report and what it is made of."""
    code, out, _ = assay("audit", "fashion-mnist-sample", "--out", "a", "--checks", "identity,label-balance")
    assert code == 0
    names = {p.name for p in (tmp_path / "a").iterdir()}
    own = {"audit.json", "issues.csv", "config.toml", "manifest.json"}
    assert names == {"report.html", "report.json", "figures", *own}
    findings = json.loads((tmp_path / "a" / "audit.json").read_text("utf-8"))["findings"]
    assert [f["check"] for f in findings] == ["identity", "label-balance"]
    assert out.rstrip().splitlines()[-1] == "Next: assay run fashion-mnist-sample"


def test_the_audit_of_labels_writes_a_ranking_of_all(assay: Callable[..., Answer], tmp_path: Path) -> None:
    """A row for each image of each split; the manifest vouches for the file."""
    code, _, _ = assay("audit", "fashion-mnist-sample", "--out", "a", "--checks", "label-errors", "-q")
    assert code == 0
    lines = (tmp_path / "a" / "label_quality.csv").read_text("utf-8").splitlines()
    assert len(lines) == 1 + 2_000 + 500
    assert "label_quality.csv" in read_manifest(tmp_path / "a")["files"]
    assert damaged_files(tmp_path / "a", read_manifest(tmp_path / "a")) == []


def test_events_are_json_lines(assay: Callable[..., Answer]) -> None:
    """With --json, stdout is events alone, each with its kind and stage, the last one `run-finished`."""
    code, out, err = assay("run", "fashion-mnist-sample", "--epochs", 2, *QUICK, "--json", "--out", "r")
    assert (code, err) == (0, "")
    events = [json.loads(line) for line in out.splitlines()]
    assert {e["event"] for e in events} <= set(EVENTS)
    assert [e["stage"] for e in events if e["event"] == "stage-started"] == [
        "load",
        "audit",
        "train",
        "evaluate",
        "report",
    ]
    assert [e["epoch"] for e in events if e["event"] == "epoch"] == [1, 2]
    assert events[-1]["event"] == "run-finished"
    assert 0 <= events[-1]["accuracy"] <= 1


def test_quiet_says_only_where(assay: Callable[..., Answer]) -> None:
    """With -q, one line: the run folder."""
    assert assay("audit", "fashion-mnist-sample", *QUICK, "--out", "a", "-q") == (0, "a\n", "")


def test_predict_reads_pictures_as_training_did(
    assay: Callable[..., Answer], finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A test image saved as PNG gets the very probabilities of predictions.csv; CSV, JSON and stdin agree."""
    split = load("fashion-mnist-sample").splits["test"]
    for row in (0, 1):
        Image.fromarray(next(split.blocks(np.array([row])))[0, :, :, 0]).save(tmp_path / f"{row}.png")
    code, out, err = assay("predict", finished, "0.png", "1.png")
    assert (code, err) == (0, "")
    answers = list(csv.DictReader(io.StringIO(out)))
    known = list(csv.DictReader(io.StringIO((finished / "predictions.csv").read_text("utf-8"))))[:2]
    for answer, row in zip(answers, known, strict=True):
        assert answer["predicted"] == row["predicted"]
        assert float(answer["probability"]) == pytest.approx(float(row["probability"]), abs=1e-6)
    assert list(answers[0]) == [
        "file",
        "predicted",
        "probability",
        *(k for k in known[0] if k.startswith("p:")),
    ]
    records = [
        json.loads(line) for line in assay("predict", finished, "0.png", "1.png", "--json")[1].splitlines()
    ]
    assert [r["predicted"] for r in records] == [a["predicted"] for a in answers]
    with (tmp_path / "0.png").open("rb") as stdin:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(stdin))
        from_stdin = next(csv.DictReader(io.StringIO(assay("predict", finished, "-")[1])))
    assert (from_stdin["file"], from_stdin["predicted"]) == ("-", answers[0]["predicted"])


def test_predict_refuses_what_is_no_picture(
    assay: Callable[..., Answer], finished: Path, tmp_path: Path
) -> None:
    """One line, exit 3, the file named."""
    (tmp_path / "x.png").write_bytes(b"not a picture")
    code, out, err = assay("predict", finished, "x.png")
    assert (code, out) == (3, "")
    assert err.startswith("error[image-format]: x.png:")


def test_fetch_and_doctor(assay: Callable[..., Answer]) -> None:
    """Both end well on any machine, and name what comes next."""
    code, out, _ = assay("fetch", "fashion-mnist-sample")
    assert code == 0
    assert out.rstrip().endswith("Next: assay run fashion-mnist-sample")
    code, out, _ = assay("doctor")
    assert code == 0
    assert {"assay", "numpy", "torch", "cache", "device"} <= {
        line.split()[0] for line in out.splitlines() if line
    }
    assert json.loads(assay("doctor", "--json")[1])["numpy"] == np.__version__


REFUSED = {
    "unknown command": (["runn"], 2, "usage", "Did you mean run?"),
    "unknown option": (["run", "--epoch", "3"], 2, "usage", "Did you mean --epochs?"),
    "a place as an option": (
        ["convert", "x", "--out", "y"],
        2,
        "usage",
        "place: assay convert {DATA} {OUT}.",
    ),
    "value of another type": (["run", "--epochs", "many"], 2, "usage", "--epochs"),
    "missing argument": (["predict"], 2, "usage", "RUN"),
    "unknown data": (["audit", "fashion-mnits"], 2, "unknown-data", "Did you mean fashion-mnist?"),
    "missing path": (["audit", "./nothing/here"], 2, "unknown-data", "there is no such file"),
    "unknown recipe": (["run", "--model", "mpl"], 2, "unknown-recipe", "Did you mean mlp?"),
    "unknown setting": (["run", "--set", "epoch=3"], 2, "unknown-setting", "Did you mean epochs?"),
    "not an assignment": (["run", "--set", "epochs"], 2, "bad-value", "KEY=VALUE"),
    "unknown check": (["audit", "--checks", "identitty"], 2, "unknown-check", "Did you mean identity?"),
    "no check": (["audit", "--checks", " , "], 2, "unknown-check", "no check is named"),
    "epochs of zero": (["run", "--epochs", "0"], 2, "bad-value", "epochs"),
    "a learning rate of NaN": (["run", "--learning-rate", "nan"], 2, "bad-value", "learning_rate"),
    "validation of one": (["run", "--validation", "1"], 2, "bad-value", "--validation"),
    "a negative seed": (["run", "--seed", "-1"], 2, "bad-value", "--seed"),
    "an unknown device": (["run", "--device", "tpu"], 2, "bad-value", "--device"),
    "a missing configuration": (["run", "--config", "no.toml"], 3, "file-missing", "no.toml"),
    "no run folder": (["evaluate", "."], 2, "not-a-run-folder", "."),
    "no model": (["predict", ".", "x.png"], 7, "model-refused", "model"),
    "an unknown name to fetch": (["fetch", "cifar"], 2, "unknown-data", "There are"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_refused_is_refused_in_one_line(
    case: str, assay: Callable[..., Answer], tmp_path: Path
) -> None:
    """Exit code, code, the word that helps; nothing on stdout, no traceback, no file left."""
    arguments, exit_with, error, words = REFUSED[case]
    code, out, err = assay(*arguments)
    assert (code, out) == (exit_with, ""), err
    assert err.startswith(f"error[{error}]: ")
    assert words in err
    assert err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_a_missing_torch_is_found_before_any_work(
    assay: Callable[..., Answer], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the extra, training commands say how to install it, and nothing has been written."""
    monkeypatch.setattr("assay.training.requirements.find_spec", lambda _: None)
    for arguments in (["run"], ["train"], ["run", "--model", "linear,mlp"]):
        code, out, err = assay(*arguments)
        assert (code, out) == (5, "")
        assert 'pip install "assay[train]"' in err
    assert list(tmp_path.iterdir()) == []
    assert assay("audit", "fashion-mnist-sample", *QUICK, "--out", "a")[0] == 0


def test_a_finished_run_is_never_overwritten(assay: Callable[..., Answer], finished: Path) -> None:
    """The same --out again: exit 2, both ways out, and the run as it was."""
    before = read_manifest(finished)
    code, _, err = assay("run", "fashion-mnist-sample", "--epochs", 2, *QUICK, "--out", finished)
    assert (code, "run-folder-finished" in err) == (2, True)
    assert damaged_files(finished, before) == []


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("audit", "nothing"), "unknown-data"),
        (("audit", "--no-such-option"), "usage"),
        (("verify", "nothing"), "not-a-run-folder"),
    ],
)
def test_debug_adds_the_traceback(
    assay: Callable[..., Answer], arguments: tuple[str, ...], code: str
) -> None:
    """And nothing else: the line and the exit code are those without it."""
    quiet, _, line = assay(*arguments)
    loud, _, told = assay(*arguments, "--debug")
    assert quiet == loud
    assert line.startswith(f"error[{code}]") and "Traceback" not in line
    assert told.startswith("Traceback") and told.endswith(f"\n{line}")


@pytest.mark.parametrize("command", [c.__name__ for c in COMMANDS])
def test_every_command_explains_itself(command: str, assay: Callable[..., Answer]) -> None:
    """-h works everywhere."""
    code, out, _ = assay(command, "-h")
    assert code == 0
    assert out.startswith(f"Usage: assay {command}")


def test_version(assay: Callable[..., Answer]) -> None:
    """The version alone."""
    import assay as package

    assert assay("--version") == (0, f"assay {package.__version__}\n", "")
