"""Probabilities and models that a user brings: judged as Assay's own, refused where they do not fit."""

import json

import numpy as np
import pytest

import assay
import planted
from assay.core.errors import AssayError
from assay.evaluation.metrics import wilson_interval
from assay.workflow.run_commands import report_again, run_answers
from assay.workflow.verify import verify_run

pytestmark = pytest.mark.usefixtures("undrawn")

CHECKS = ("identity", "label-errors")


@pytest.fixture(scope="module")
def data():
    """Colored pictures, five training labels of which are wrong."""
    clean = planted.colored(train=40, test=20, shape=(16, 16))
    labels = clean.train.labels.copy()
    labels[:5] = (labels[:5] + 1) % 3
    return planted.with_images(clean, "train", clean.train.images, labels)


def sure(labels: np.ndarray, k: int = 3, p: float = 0.98) -> np.ndarray:
    """Probability `p` for the given class, the rest spread evenly."""
    return np.where(np.eye(k, dtype=bool)[labels], p, (1 - p) / (k - 1))


def truth(data) -> np.ndarray:
    labels = data.train.labels.copy()
    labels[:5] = (labels[:5] - 1) % 3
    return labels


def suspects(audit) -> set[tuple[str, int]]:
    return {(i.split, i.index) for i in audit.issues if i.check == "label-errors"}


def test_labels_are_judged_by_the_probabilities_given(data) -> None:
    """Exactly the labels that they contradict, and the finding says whose they are."""
    found = assay.audit(data, pred_probs=sure(truth(data)), checks=CHECKS)
    assert suspects(found) == {("train", row) for row in range(5)}
    finding = found.finding("label-errors")
    assert "The probabilities given agree" in finding.summary
    assert "must be out of sample" in finding.reason
    assert finding.evidence["probabilities"] == "given"
    assert finding.evidence["suspects"] == {"train": 5}


def test_probabilities_of_all_images_reach_every_split(data) -> None:
    """Rows of all splits, one after the other."""
    test = data.splits["test"].labels.copy()
    test[3] = (test[3] + 1) % 3
    found = assay.audit(data, pred_probs=sure(np.concatenate([truth(data), test])), checks=CHECKS)
    assert ("test", 3) in suspects(found)
    assert len(suspects(found)) == 6


def test_agreement_with_every_label_is_doubted(data) -> None:
    """That is how probabilities look that were made on the training labels themselves."""
    found = assay.audit(data, pred_probs=sure(data.train.labels), checks=CHECKS)
    assert "make sure that they are out of sample" in found.finding("label-errors").summary


def test_a_score_does_not_call_unjudged_test_labels_right(data) -> None:
    """Probabilities of train alone say nothing about suspects in test."""
    found = assay.audit(data, pred_probs=sure(truth(data)), checks=CHECKS)
    score = assay.evaluate(data=data, probabilities=sure(data.splits["test"].labels), audit=found)
    assert score.honest is not None
    assert score.honest.without_suspects is None


def test_answers_as_probabilities_judge_no_labels(data) -> None:
    """Each label that differed was wrong for certain: hard answers do not say how sure they are."""
    answers = np.eye(3)[truth(data)]
    with pytest.raises(AssayError, match="every row is 1 for one class and 0 for the others") as refused:
        assay.audit(data, pred_probs=answers, checks=CHECKS)
    assert (refused.value.code, refused.value.where) == ("bad-arrays", "--pred-probs")
    answers[0] = [0.25, 0.5, 0.25]
    told = assay.audit(data, pred_probs=answers, checks=CHECKS).finding("label-errors")
    assert told.evidence["suspects"]
    assert "of them are 1 for one class and 0 for the others, as hard or rounded answers are" in told.summary
    soft = assay.audit(data, pred_probs=sure(truth(data)), checks=CHECKS).finding("label-errors")
    assert "hard or rounded" not in soft.summary


def test_nothing_is_said_of_the_confidence_of_answers(data, tmp_path) -> None:
    """Of 0 and 1 alone come an accuracy, no figures of confidence, and a report that says so."""
    answers = np.eye(3)[data.splits["test"].labels]
    score = assay.evaluate(data=data, probabilities=answers)
    assert (score.accuracy, score.calibration, score.abstention) == (1.0, None, None)
    assert "no probabilities" in score.as_record()["test"]["loss_reason"]
    told = []
    assay.evaluate(data=data, probabilities=answers, out=tmp_path / "run", on_event=told.append)
    assert any("every probability given is 0 or 1" in str(event) for event in told)
    record = json.loads((tmp_path / "run" / "evaluation.json").read_text())
    assert "every probability given is 0 or 1" in record["calibration"]["temperature_reason"]
    soft = assay.evaluate(data=data, probabilities=sure(data.splits["test"].labels))
    assert soft.calibration.temperature_reason.startswith("the model was trained elsewhere")


P = sure(np.arange(9) % 3)


def _with(row: int, values) -> np.ndarray:
    changed = sure(np.arange(120) % 3)
    changed[row] = values
    return changed


@pytest.mark.parametrize(
    ("given", "code", "told"),
    [
        (P, "bad-arrays", "9 rows"),
        (_with(7, [np.nan, 0, 1]), "bad-arrays", "row 7 holds a number that is not finite"),
        (_with(7, [np.inf, 0, 1]), "bad-arrays", "row 7 holds a number that is not finite"),
        (4 * np.eye(3)[np.arange(120) % 3] - 1, "bad-arrays", "look like logits"),
        (np.log(sure(np.arange(120) % 3)), "bad-arrays", "look like log-probabilities"),
        (100 * sure(np.arange(120) % 3), "bad-arrays", "look like percent"),
        (_with(3, [0.9, 0.9, 0.1]), "bad-arrays", "row 3 has values from 0.1 to 0.9"),
        (sure(np.arange(120) % 3)[:, :2], "bad-arrays", "2 columns, the data have 3 classes"),
        (np.arange(120), "bad-arrays", "not numbers in rows and columns"),
        (np.full((120, 3), "x"), "bad-arrays", "not numbers in rows and columns"),
        ("nowhere.npy", "file-missing", "no such file"),
    ],
)
def test_what_is_no_probability_is_refused(data, given, code: str, told: str) -> None:
    """With the row, what the numbers look like, and what to do."""
    with pytest.raises(AssayError, match=told) as caught:
        assay.audit(data, pred_probs=given, checks=CHECKS)
    assert caught.value.code == code


def test_columns_in_another_order(data) -> None:
    """Named columns are sorted; nameless ones that plainly belong to other classes are refused."""
    pandas = pytest.importorskip("pandas")
    right, order = sure(truth(data)), [2, 0, 1]
    shuffled = right[:, order]
    with pytest.raises(AssayError, match="another order than the classes") as caught:
        assay.audit(data, pred_probs=shuffled, checks=CHECKS)
    assert caught.value.code == "class-names"
    frame = pandas.DataFrame(shuffled, columns=[data.classes[label] for label in order])
    assert suspects(assay.audit(data, pred_probs=frame, checks=CHECKS)) == {("train", r) for r in range(5)}
    with pytest.raises(AssayError, match="are not the classes"):
        assay.audit(data, pred_probs=frame.rename(columns={data.classes[0]: "cat"}), checks=CHECKS)


def test_a_file_of_each_kind(data, tmp_path) -> None:
    """.npy, .npz with names, and a table, also in half precision."""
    values = sure(truth(data))
    np.save(tmp_path / "a.npy", values.astype(np.float16))
    np.savez(tmp_path / "a.npz", probabilities=values[:, ::-1], classes=np.array(data.classes[::-1]))
    lines = [",".join(f"p:{name}" for name in data.classes), *(",".join(map(str, row)) for row in values)]
    (tmp_path / "a.csv").write_text("\n".join(lines))
    for suffix in ("npy", "npz", "csv"):
        found = assay.audit(data, pred_probs=tmp_path / f"a.{suffix}", checks=CHECKS)
        assert suspects(found) == {("train", row) for row in range(5)}, suffix


def test_own_answers_have_the_whole_evaluation(data) -> None:
    """Intervals, adjusted scores, calibration, slices: as of a model of Assay's own."""
    answers = data.splits["test"].labels.copy()
    answers[:6] = (answers[:6] + 1) % 3
    found = assay.audit(data, checks=("leakage", "label-errors"))
    score = assay.evaluate("my-net", data, probabilities=sure(answers), audit=found)
    assert score.accuracy == 54 / 60
    assert score.accuracy_ci95 == wilson_interval(54, 60)
    assert score.honest is not None
    assert score.honest.as_given.accuracy == score.accuracy
    assert score.calibration is not None
    assert score.calibration.after.ece == pytest.approx(0.08)  # 0.98 sure, 0.90 right
    assert score.slices is not None
    assert set(score.mistakes()) == set(range(6))
    assert score.model["recipe"] == "my-net"


def test_answers_without_probabilities(data) -> None:
    """Names or numbers; nothing is said of confidence."""
    labels = data.splits["test"].labels
    by_name = assay.evaluate(data=data, predictions=[data.classes[label] for label in labels])
    by_number = assay.evaluate(data=data, predictions=labels)
    assert by_name == by_number
    assert by_name.accuracy == 1
    assert by_name.calibration is None
    assert by_name.test["loss"] is None
    with pytest.raises(AssayError, match="1 answers are not the most probable class"):
        wrong = labels.copy()
        wrong[4] = (wrong[4] + 1) % 3
        assay.evaluate(data=data, predictions=wrong, probabilities=sure(labels))
    with pytest.raises(AssayError, match="'cat' is no class"):
        assay.evaluate(data=data, predictions=["cat"] * len(labels))
    with pytest.raises(AssayError, match="classes count from 0 to 2"):
        assay.evaluate(data=data, predictions=labels + 1)


def test_a_scikit_learn_model_is_evaluated(data) -> None:
    """Any object with `predict_proba`; its own order of classes is respected."""
    from sklearn.neighbors import KNeighborsClassifier

    images = data.train.images.reshape(len(data.train), -1)
    names = np.array(data.classes)[data.train.labels]
    by_name = KNeighborsClassifier(1).fit(images / 255, names)

    class Scaled:
        classes_ = by_name.classes_

        def predict_proba(self, given):
            return by_name.predict_proba(given.reshape(len(given), -1) / 255)

    score = assay.evaluate(Scaled(), data)
    test = data.splits["test"]
    expected = by_name.predict(test.images.reshape(len(test), -1) / 255)
    assert score.accuracy == (expected == np.array(data.classes)[test.labels]).mean()
    plain = KNeighborsClassifier(1).fit(images, data.train.labels)
    assert assay.evaluate(plain, data).accuracy == plain.score(
        test.images.reshape(len(test), -1), test.labels
    )
    with pytest.raises(AssayError, match="knows 1 classes and not"):
        Scaled.classes_ = by_name.classes_[:1]
        assay.evaluate(Scaled(), data)
    with pytest.raises(AssayError, match="no model with predict_proba"):
        assay.evaluate(object(), data)


def test_a_run_folder_of_own_answers(data, tmp_path) -> None:
    """Audit, scores, report, comparison, verification, and the report again: as for a run of Assay's own."""
    test = data.splits["test"].labels
    worse = test.copy()
    worse[:6] = (worse[:6] + 1) % 3
    first = assay.evaluate("good", data, probabilities=sure(test), out=tmp_path / "good")
    done = run_answers(sure(worse), data, name="worse", out=tmp_path / "worse", checks=CHECKS)
    assert first.accuracy == 1
    page = (done.path / "report.html").read_text()
    assert "worse" in page
    assert "trained elsewhere" in page
    assert "never seen" not in page
    comparison = assay.compare(tmp_path / "good", done.path, out=tmp_path / "both")
    assert [c.name for c in comparison.candidates] == ["good", "worse"]
    assert comparison.pairs[0].difference == pytest.approx(-0.1)
    # The data were arrays: they are named again.
    assert all(fact.holds for fact in verify_run(done.path, data))
    before = json.loads((done.path / "evaluation.json").read_text())
    report_again(done.path, data)
    assert json.loads((done.path / "evaluation.json").read_text()) == before


@pytest.mark.parametrize("name", ["model", "validation", "max_risk", "seeds"])
def test_an_audit_refuses_what_only_training_has(data, name: str) -> None:
    """It was accepted and ignored."""
    with pytest.raises(AssayError, match=f"unknown-setting.*{name}"):
        assay.audit(data, **{name: 1})


def test_the_commands_take_probabilities(data, tmp_path, capfd, monkeypatch) -> None:
    """`audit --pred-probs FILE`, and `evaluate FILE`; a run folder of both has its own copy."""
    from assay.cli.main import exit_code

    monkeypatch.chdir(tmp_path)
    arrays = {"x_train": data.train.images, "y_train": data.train.labels}
    test = data.splits["test"]
    np.savez(tmp_path / "set.npz", **arrays, x_test=test.images, y_test=test.labels)
    np.save(tmp_path / "train.npy", sure(truth(data)))
    np.save(tmp_path / "test.npy", sure(test.labels))
    line = ["audit", "set.npz", "--pred-probs", "train.npy", "--checks", "label-errors", "-q", "--out", "a"]
    assert exit_code(line) == 0
    assert "The probabilities given agree" in (tmp_path / "a" / "audit.json").read_text()
    assert (tmp_path / "a" / "given_pred_probs.npz").exists()
    assert exit_code(["evaluate", "test.npy", "set.npz", "--out", "b", "--model-name", "mine"]) == 0
    said = capfd.readouterr().out
    assert "Test accuracy 100.0" in said
    assert "\nYou can trust this score if its model has not seen the test images." in said
    assert exit_code(["evaluate", "train.npy", "set.npz", "--out", "c"]) == 3
    assert exit_code([*line[:-1], "d", "--self-test"]) == 2
    assert exit_code(["evaluate", "test.npy", "set.npz", "--out", "e", "--max-risk", "0.1"]) == 2
    assert not (tmp_path / "c").exists()


def test_answers_in_another_order_lead_the_verdict(data, tmp_path, capfd, monkeypatch) -> None:
    """Where a class is missing and answers err, no column is plainly another's: the score tells it."""
    from assay.cli.main import exit_code

    monkeypatch.chdir(tmp_path)
    test = data.splits["test"]
    rows = np.flatnonzero(test.labels != 0)
    answers = (test.labels[rows] + 2) % 3  # 1 as 0, 2 as 1
    answers[:3] = 2
    arrays = {"x_train": data.train.images, "y_train": data.train.labels}
    np.savez(tmp_path / "set.npz", **arrays, x_test=test.images[rows], y_test=test.labels[rows])
    np.save(tmp_path / "test.npy", sure(answers))
    assert exit_code(["evaluate", "test.npy", "set.npz", "--out", "a"]) == 0
    why = "the answers seem to count the classes in another order, 1 is answered as 0"
    assert f"\nDo not trust this score yet: {why}.\n" in capfd.readouterr().out
    assert why in (tmp_path / "a" / "report.html").read_text()
