"""`assay compare` and `assay report`: from finished folders to a table, a page, and refusals that help."""

import csv
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

import assay
from assay.cli.main import exit_code
from assay.core import durable
from assay.core.errors import AssayError
from assay.estimators.mcnemar import mcnemar
from assay.workflow import run_folder
from assay.workflow.compare_runs import folder_names, read_entries
from assay.workflow.recorded import run_record
from assay.workflow.verify import verify_run

pytestmark = pytest.mark.usefixtures("undrawn")

QUICK = ("--checks", "identity", "--threads", "1", "-q")


@pytest.fixture(scope="module", autouse=True)
def _own_cache(tmp_path_factory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ASSAY_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="module")
def several(tmp_path_factory) -> Path:
    """A run of two models on the sample."""
    out = tmp_path_factory.mktemp("runs") / "several"
    models = ["--model", "majority,linear", "--epochs", "1", *QUICK]
    assert exit_code(["run", "fashion-mnist-sample", *models, "--out", str(out)]) == 0
    return out


@pytest.fixture(scope="module")
def compared(several: Path, tmp_path_factory) -> Path:
    """The two models compared."""
    out = tmp_path_factory.mktemp("compared") / "out"
    folders = [several / "models" / name for name in ("majority-s0", "linear-s0")]
    assay.compare(*folders, out=out)
    return out


def changed(several: Path, to: Path, name: str, change) -> Path:
    """A copy of the linear run, one JSON file of it changed, its manifest in order."""
    shutil.copytree(several / "models" / "linear-s0", to)
    with run_folder.reopen(to) as folder:
        record = json.loads((to / name).read_text("utf-8"))
        change(record)
        durable.write_json(to / name, record)
        folder.finish()
    return to


def predictions(folder: Path) -> list[dict[str, str]]:
    with (folder / "predictions.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_counts_are_those_of_the_predictions(several: Path, compared: Path) -> None:
    """Counted again from the two tables of predictions: the pair, its p-value, and the images listed."""
    first, second = (predictions(several / "models" / name) for name in ("majority-s0", "linear-s0"))
    right = [
        (a["label"] == a["predicted"], b["label"] == b["predicted"])
        for a, b in zip(first, second, strict=True)
    ]
    pair = json.loads((compared / "comparison.json").read_text("utf-8"))["pairs"][0]
    assert pair["both_right"] == right.count((True, True))
    assert pair["only_first"] == right.count((True, False))
    assert pair["only_second"] == right.count((False, True))
    assert pair["p_value"] == mcnemar(right.count((True, False)), right.count((False, True)))
    assert pair["difference_ci95"][0] < pair["difference"] < pair["difference_ci95"][1]
    with (compared / "differences.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["index"]) for row in rows] == [n for n, (a, b) in enumerate(right) if a != b]


def test_the_comparison_is_a_folder_that_can_be_verified(compared: Path) -> None:
    """Its files, with what only the manifest tells: where the runs lie and how long their training took."""
    names = {p.name for p in compared.iterdir()} - {"figures"}
    assert names == {"comparison.json", "differences.csv", "report.html", "config.toml", "manifest.json"}
    models = run_record.read_manifest(compared)["models"]
    assert set(models) == {"majority-s0", "linear-s0"}
    assert all(model["seconds"] >= 0 and Path(model["folder"]).is_dir() for model in models.values())
    assert all(fact.holds for fact in verify_run(compared))
    text = (compared / "comparison.json").read_text("utf-8")
    assert str(compared.parent) not in text
    assert "seconds" not in text


def test_a_run_of_several_stands_for_its_models(several: Path, compared: Path) -> None:
    """Named alone, it compares what is in it, as its own folder says."""
    record = assay.compare(several).as_record()
    assert record == json.loads((several / "comparison.json").read_text("utf-8"))
    assert record == json.loads((compared / "comparison.json").read_text("utf-8"))


def test_the_command_prints_table_and_pair(several: Path, tmp_path: Path, capfd) -> None:
    """Every model with its costs, the pair with both p-values, and where the page is."""
    folders = [str(several / "models" / name) for name in ("majority-s0", "linear-s0")]
    assert exit_code(["compare", *folders, "--out", str(tmp_path / "out")]) == 0
    out = capfd.readouterr().out
    assert re.search(r"linear-s0 against majority-s0: \+\d\d\.\d+ points", out)
    assert "corrected" in out
    assert "7,850" in out
    assert f"Report: {tmp_path / 'out' / 'report.html'}" in out


def test_equal_names_are_numbered(several: Path) -> None:
    """The same run twice has two names, in the order given."""
    twice = [several / "models" / "linear-s0"] * 2
    assert [e.candidate.name for e in read_entries(twice)] == ["linear-s0 #1", "linear-s0 #2"]


@pytest.mark.parametrize("second", ["models/linear-s0", "models/../models/linear-s0", "link", "copy", "."])
def test_a_run_beside_itself_is_refused(several: Path, tmp_path: Path, capfd, second: str) -> None:
    """By its name, another path, a link, a copy, or the run of several that holds it: it would read as a
    draw."""
    first = several / "models" / "linear-s0"
    (tmp_path / "link").symlink_to(first)
    shutil.copytree(first, tmp_path / "copy")
    other = tmp_path / second if second in ("link", "copy") else several / second
    with pytest.raises(AssayError, match="named more than once") as caught:
        assay.compare(first, other)
    assert caught.value.code == "bad-value"
    for command in ("compare", "report"):
        out = ["--out", str(tmp_path / "out")]
        assert exit_code([command, str(first), str(other), *out]) == 2
        assert "named more than once" in capfd.readouterr().err
    assert not (tmp_path / "out").exists()


def test_other_test_images_are_refused_and_set_side_by_side(several: Path, tmp_path: Path, capfd) -> None:
    """compare: exit 4, says which, writes nothing. report: side by side, and it says why unpaired."""
    other = changed(several, tmp_path / "other", "evaluation.json", lambda r: r.update(fingerprint="f" * 64))
    folders = [str(several / "models" / "linear-s0"), str(other)]
    assert exit_code(["compare", *folders, "--out", str(tmp_path / "out")]) == 4
    assert "error[different-test-data]" in capfd.readouterr().err
    assert not (tmp_path / "out").exists()
    assert exit_code(["report", *folders, "--out", str(tmp_path / "out"), "-q"]) == 0
    record = json.loads((tmp_path / "out" / "comparison.json").read_text("utf-8"))
    assert record["pairs"] == []
    assert "test images or their labels are not the same" in record["pairs_reason"]
    assert "not the same" in (tmp_path / "out" / "report.html").read_text("utf-8")


def test_what_cannot_be_compared_is_refused(several: Path, tmp_path: Path) -> None:
    """A run untested, one alone, an audit, none at all, one that was changed; nothing is written."""
    run = several / "models" / "linear-s0"
    half, audit, broken = tmp_path / "half", tmp_path / "audit", tmp_path / "broken"
    shutil.copytree(run, half)
    with run_folder.reopen(half) as folder:
        for name in ("evaluation.json", "predictions.csv"):
            (half / name).unlink()
        folder.finish()
    assert exit_code(["audit", "fashion-mnist-sample", *QUICK[:2], "-q", "--out", str(audit)]) == 0
    shutil.copytree(run, broken)
    (broken / "predictions.csv").write_text("changed")
    refused = {
        half: "run-not-evaluated",
        audit: "not-a-run-folder",
        tmp_path: "not-a-run-folder",
        broken: "run-damaged",
    }
    for folder, code in refused.items():
        with pytest.raises(AssayError) as caught:
            assay.compare(run, folder, out=tmp_path / "out")
        assert caught.value.code == code
    with pytest.raises(AssayError, match="nothing to compare it with"):
        assay.compare(run, out=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_pictures_are_left_out_where_the_data_are_gone(several: Path, tmp_path: Path) -> None:
    """The page is made all the same, without pictures, and a warning says why."""
    gone = tmp_path / "gone"
    shutil.copytree(several / "models" / "majority-s0", gone)
    with run_folder.reopen(gone) as folder:
        text = (gone / "config.toml").read_text("utf-8")
        durable.write_text(gone / "config.toml", text.replace("fashion-mnist-sample", "./nowhere"))
        folder.finish()
    events = []
    assay.compare(gone, several / "models" / "linear-s0", out=tmp_path / "out", on_event=events.append)
    assert any("no pictures" in e.figures["message"] for e in events if e.event == "warning")
    page = (tmp_path / "out" / "report.html").read_text("utf-8")
    assert 'id="images"' not in page


def test_a_report_is_written_again(several: Path, tmp_path: Path) -> None:
    """Deleted, it comes back the same, byte for byte, and the run is whole again."""
    run = tmp_path / "run"
    shutil.copytree(several / "models" / "linear-s0", run)
    before = (run / "report.html").read_bytes()
    (run / "report.html").unlink()
    assert exit_code(["report", str(run), "-q"]) == 0
    assert (run / "report.html").read_bytes() == before
    assert run_record.damaged_files(run, run_record.read_manifest(run)) == []


@pytest.mark.parametrize(
    ("folders", "names"),
    [
        (("/r/first", "/r/second"), ["first", "second"]),
        (("/a/mlp", "/b/mlp"), ["a/mlp", "b/mlp"]),
        (("/a/models/mlp-s0", "/b/models/mlp-s0"), ["a/models/mlp-s0", "b/models/mlp-s0"]),
        (("/r/one", "/r/one"), ["one #1", "one #2"]),
    ],
)
def test_runs_are_named_by_their_folders(folders: tuple[str, ...], names: list[str]) -> None:
    """As much of the path as tells them apart, and no more."""
    assert folder_names([Path(folder) for folder in folders]) == names


def test_the_same_model_twice_is_told(several: Path, tmp_path: Path, capfd) -> None:
    """A copy of a run that was judged again has another manifest, and "no difference shown" was all."""
    copy = changed(several, tmp_path / "copy", "report.json", lambda record: record.update(more=1))
    line = ["compare", str(several / "models/linear-s0"), str(copy), "--out", str(tmp_path / "out")]
    assert exit_code(line) == 0
    assert "are the same model, equal in every bit: they cannot differ" in capfd.readouterr().out
    others = [str(several / "models" / name) for name in ("linear-s0", "majority-s0")]
    assert exit_code(["compare", *others, "--out", str(tmp_path / "others")]) == 0
    assert "the same model" not in capfd.readouterr().out


def test_scores_on_validation_images_are_of_the_whole_model(tmp_path: Path) -> None:
    """A net with the reference joined to it answers as both do, and so many of so many images are right."""
    args = [
        "--model",
        "mlp",
        "--set",
        "reference=0.5",
        "--epochs",
        "1",
        *QUICK,
        "--out",
        str(tmp_path / "run"),
    ]
    assert exit_code(["run", "fashion-mnist-sample", *args]) == 0
    record = json.loads((tmp_path / "run" / "model" / "model.json").read_text("utf-8"))
    seen, one = record["limits"]["temperature"], read_entries([tmp_path / "run"])[0].candidate
    assert one.recipe["reference"] == 0.5
    assert one.validation_images == seen["images"] > 0
    assert one.validation_accuracy == seen["right"] / seen["images"]
    assert one.validation_accuracy > record["scores"]["val_accuracy"]  # of the net alone, after one epoch
