"""The fix loop: suspects listed, decided about, applied to training, recorded, never lost."""

import csv
import json

import numpy as np
import pytest

import planted
from assay.cli.main import exit_code
from assay.core.errors import AssayError
from assay.data.decisions import APPLIED, COLUMNS, decisions_csv, read_decisions
from assay.workflow.api import run
from assay.workflow.review import review
from assay.workflow.run_commands import resume, run_audit, run_evaluate
from assay.workflow.verify import verify_run

pytestmark = pytest.mark.usefixtures("undrawn")

QUICK = {"model": "linear", "checks": ("label-errors",)}


@pytest.fixture(scope="module")
def data():
    """Colored pictures, twelve training labels of which are wrong."""
    clean = planted.colored(train=120, test=20, shape=(16, 16))
    labels = clean.train.labels.copy()
    labels[:12] = (labels[:12] + 1) % 3
    return planted.with_images(clean, "train", clean.train.images, labels)


@pytest.fixture(scope="module")
def finished(data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "first"
    run(data, out=folder, **QUICK)
    return folder


def table(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def filled(path, target, decide):
    """The table with `decide(row) -> dict` applied to each row."""
    rows = [{**row, **decide(row)} for row in table(path)]
    with target.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    return target


def test_each_suspect_has_one_row(finished, tmp_path):
    """Every image of issues.csv that can be decided about, once, undecided, with its digest and reasons."""
    rows = table(review(finished, tmp_path / "d.csv"))
    issues = {
        (i["split"], i["index"]) for i in table(finished / "issues.csv") if i["check"] == "label-errors"
    }
    assert len(rows) == len(issues) > 0
    assert {(r["split"], r["index"]) for r in rows} == issues
    assert all(not r["decision"] and len(r["digest"]) == 64 and "label-errors" in r["found"] for r in rows)
    assert tuple(rows[0]) == COLUMNS


def test_nothing_to_decide_is_told(data, tmp_path, capfd):
    """It said "fill in the column decision" of a table without rows."""
    run_audit(data, out=tmp_path / "a", checks=("identity",))
    assert exit_code(["review", str(tmp_path / "a")]) == 0
    out = capfd.readouterr().out
    assert "Nothing to decide: no check of the audit lists an image." in out
    assert "Fill in" not in out


def test_review_never_overwrites(finished, tmp_path):
    """A table may hold an hour of somebody's work; a folder holds none."""
    path = review(finished, tmp_path / "d.csv")
    for there, told in (
        (path, r"such a file already, perhaps with decisions\. Go on with that file, or name another file"),
        (tmp_path, r"it is a folder\. Name another file with --out\."),
    ):
        with pytest.raises(AssayError, match=told) as caught:
            review(finished, there)
        assert caught.value.code == "output-exists"


def test_the_table_beside_the_run_is_no_damage(data, tmp_path):
    """decisions.csv may lie in the run folder and be edited there; `verify` still finds the run as it was."""
    run_audit(data, out=tmp_path / "run", checks=("label-errors",))
    path = review(tmp_path / "run")
    assert path == tmp_path / "run" / "decisions.csv"
    path.write_text("edited", "utf-8")
    assert all(fact.holds for fact in verify_run(tmp_path / "run", data))


def test_decisions_change_training_alone(data, finished, tmp_path):
    """Relabelled and dropped images change the model; the audit, the test split and the source stay."""
    before = data.train.labels.copy()

    def decide(row):
        if row["split"] == "test":
            return {"decision": "keep"}
        return {"decision": "relabel" if row["suggested"] else "drop", "who": "Ann"}

    decisions = filled(review(finished, tmp_path / "d.csv"), tmp_path / "decided.csv", decide)
    done = run(data, out=tmp_path / "second", decisions=str(decisions), **QUICK)
    assert np.array_equal(data.train.labels, before)
    for name in ("audit.json", "issues.csv"):
        assert (tmp_path / "second" / name).read_bytes() == (finished / name).read_bytes()
    first = json.loads((finished / "evaluation.json").read_text("utf-8"))
    assert done.score.fingerprint == first["fingerprint"]
    assert done.model.fingerprints["train"] != data.fingerprints["train"]
    assert done.model.fingerprints["test"] == data.fingerprints["test"]
    facts = json.loads((tmp_path / "second" / "manifest.json").read_text("utf-8"))["decisions"]
    train_rows = [row for row in table(decisions) if row["split"] == "train"]
    assert facts["train"]["relabel"] + facts["train"]["drop"] == len(train_rows) > 0
    assert facts["unmatched"] == 0
    weights = "model/model.safetensors"
    assert (tmp_path / "second" / weights).read_bytes() != (finished / weights).read_bytes()
    assert all(fact.holds for fact in verify_run(tmp_path / "second", data, retrain=True))
    run_evaluate(tmp_path / "second", data)


def test_decisions_on_test_images_give_one_more_score(data, finished, tmp_path):
    """The first number stays; beside it the score with one image relabelled and one dropped, by hand."""
    scored = json.loads((finished / "evaluation.json").read_text("utf-8"))
    assert scored["honest"]["with_decisions"] is None
    answers = table(finished / "predictions.csv")
    wrong = [row for row in answers if row["label"] != row["predicted"]]
    right = next(row for row in answers if row["label"] == row["predicted"])
    rows = [
        {**wrong[0], "decision": "relabel", "new_label": wrong[0]["predicted"]},
        {**wrong[1], "decision": "drop"},
        {**right, "decision": "keep"},
    ]
    file = tmp_path / "d.csv"
    file.write_text(decisions_csv(rows), "utf-8")
    done = run(data, out=tmp_path / "run", decisions=str(file), **QUICK)
    given = done.score.honest.with_decisions
    correct = sum(row["label"] == row["predicted"] for row in answers)
    assert (given.n, given.correct) == (len(answers) - 1, correct + 1)
    assert (given.dropped, given.relabelled) == (1, 1)
    assert given.difference == pytest.approx((correct + 1) / (len(answers) - 1) - correct / len(answers))
    assert done.score.accuracy == correct / len(answers)
    assert done.score.honest.as_given.n == len(answers)
    assert all(fact.holds for fact in verify_run(tmp_path / "run", data, retrain=True))


def test_decisions_carry_over_to_the_next_review(data, finished, tmp_path):
    """A new review of a run that was given decisions has them filled in; none is lost."""
    decide = {"decision": "drop", "who": "Ann", "when": "2026-05-01", "reason": "blurred"}
    rows = filled(review(finished, tmp_path / "d.csv"), tmp_path / "all.csv", lambda _: decide)
    run(data, out=tmp_path / "run", decisions=str(rows), **QUICK)
    again = review(tmp_path / "run")
    assert read_decisions(again) == read_decisions(rows)


def test_a_run_keeps_its_own_copy(data, finished, tmp_path):
    """The table may be edited, or gone, after the run was begun: the run goes on with what it was given."""
    rows = filled(review(finished, tmp_path / "d.csv"), tmp_path / "all.csv", lambda _: {"decision": "drop"})
    first = run(data, out=tmp_path / "run", decisions=str(rows), **QUICK)
    for name in ("manifest.json", "evaluation.json"):
        (tmp_path / "run" / name).unlink()
    rows.unlink()
    again = resume(tmp_path / "run", data)
    assert again.score == first.score


def test_an_unfinished_run_is_not_continued_with_other_decisions(data, finished, tmp_path):
    """As with any other change of configuration: exit 4."""
    rows = filled(review(finished, tmp_path / "d.csv"), tmp_path / "all.csv", lambda _: {"decision": "drop"})
    run(data, out=tmp_path / "run", decisions=str(rows), **QUICK)
    (tmp_path / "run" / "manifest.json").unlink()
    filled(tmp_path / "d.csv", rows, lambda _: {"decision": "keep"})
    with pytest.raises(AssayError, match="other decisions") as caught:
        run(data, out=tmp_path / "run", decisions=str(rows), **QUICK)
    assert caught.value.code == "config-changed"
    assert (tmp_path / "run" / APPLIED).exists()


def test_decisions_without_effect_train_the_same_model(data, finished, tmp_path):
    """Keeping everything gives the weights of a run without decisions: the clean twin."""
    rows = filled(review(finished, tmp_path / "d.csv"), tmp_path / "all.csv", lambda _: {"decision": "keep"})
    run(data, out=tmp_path / "run", decisions=str(rows), **QUICK)
    weights = "model/model.safetensors"
    assert (tmp_path / "run" / weights).read_bytes() == (finished / weights).read_bytes()
