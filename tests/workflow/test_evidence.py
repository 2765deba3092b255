"""Where validation and audit meet the score: nothing is chosen on test, and nothing leaks."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import assay
from assay.audits.values import Audit
from assay.cli.main import exit_code
from assay.data.splitting.stratified import HoldOut
from assay.data.splitting.validation import validation_rows
from assay.data.values import Dataset, Split, numbered_ids
from assay.evaluation.metrics import wilson_interval
from assay.training.classifier import Model
from assay.training.model.limits import NONE_UNKNOWN
from assay.training.model_file import weights_file
from assay.workflow.evidence import calibrate, judge

pytestmark = pytest.mark.usefixtures("undrawn")

CHECKS = ("leakage", "label-errors")


@pytest.fixture(scope="module")
def data() -> Dataset:
    return assay.load("fashion-mnist-sample")


@pytest.fixture(scope="module")
def model(data: Dataset) -> Model:
    return assay.train(data, "linear", epochs=3, threads=1, max_risk=0.2)


@pytest.fixture(scope="module")
def audit(data: Dataset) -> Audit:
    return assay.audit(data, checks=CHECKS)


def _with_test(data: Dataset, images: np.ndarray, labels: np.ndarray) -> Dataset:
    test = Split.from_arrays(images, labels.astype(np.int64), numbered_ids("test", len(labels)))
    return replace(data, splits={**data.splits, "test": test}, fingerprints={})


def test_the_honest_set_counts_the_issues_of_the_audit(data: Dataset, model: Model, audit: Audit) -> None:
    """What is taken out of the test are exactly the rows that the two checks flagged there."""
    honest = assay.evaluate(model, data, audit=audit).honest
    assert honest is not None
    for check, entry in zip(CHECKS, (honest.without_copies, honest.without_suspects), strict=True):
        rows = {i.index for i in audit.issues if i.check == check and i.split == "test"}
        assert entry is not None
        assert (entry.removed, entry.n) == (len(rows), 500 - len(rows))
    assert honest.suspects is not None
    assert honest.suspects.clean_rise is not None


def test_a_copy_in_train_and_a_wrong_label_are_taken_out(data: Dataset, model: Model) -> None:
    """Planted: 20 test images are training images, 20 have another label; the scores without them tell."""
    test = data.splits["test"]
    images, labels = test.images.copy(), test.labels.copy()
    images[:20], labels[:20] = data.train.images[:20], data.train.labels[:20]
    wrong = np.flatnonzero(labels == 1)[:20]  # trousers are never doubted
    labels[wrong] = 8
    spoiled = _with_test(data, images, labels)
    honest = judge(model, spoiled, assay.audit(spoiled, checks=CHECKS)).honest
    assert honest is not None
    assert honest.without_copies is not None
    assert honest.without_copies.removed >= 20
    suspects = honest.suspects
    assert suspects is not None
    assert suspects.n >= 15
    assert suspects.clean_rise is not None
    assert suspects.rise is not None
    assert suspects.rise > suspects.clean_rise.high


def test_what_the_audit_did_not_make_is_null(data: Dataset, model: Model) -> None:
    """Without an audit, with other checks, or with the audit of other data, the reason stands there."""
    assert "no audit" in assay.evaluate(model, data).honest.without_copies_reason  # type: ignore[union-attr]
    other = assay.audit(data, checks=["identity"])
    found = assay.evaluate(model, data, audit=other).honest
    assert found is not None
    assert (found.without_suspects, found.suspects) == (None, None)
    assert "label-errors" in found.without_suspects_reason
    foreign = replace(other, dataset={**other.dataset, "fingerprint": "0" * 64})
    assert "other data" in judge(model, data, foreign).honest.without_copies_reason  # type: ignore[union-attr]


def test_no_test_image_has_a_say_in_the_model(data: Dataset) -> None:
    """Case 54: with other test images and labels, weights, temperature, gate and rule are the same bits."""
    test = data.splits["test"]
    other = _with_test(data, 255 - test.images, (test.labels + 1) % 10)
    one, two = (
        assay.train(d, "linear", epochs=1, threads=1, max_risk=0.2, normalizer="standard")
        for d in (data, other)
    )
    assert weights_file(one) == weights_file(two)
    assert (one.limits.temperature, one.limits.rule) == (two.limits.temperature, two.limits.rule)
    assert one.preprocessing == two.preprocessing


def _shuffled(data: Dataset) -> Dataset:
    """Every label drawn anew from the others of its split: pictures and labels have nothing to do."""
    rng = np.random.default_rng(55)
    splits = {name: replace(s, labels=rng.permutation(s.labels)) for name, s in data.splits.items()}
    return replace(data, splits=splits, fingerprints={})


def _beats_chance(data: Dataset) -> bool:
    score = judge(assay.train(data, "mlp", epochs=25, threads=1), data, None)
    correct, n = int(np.trace(score.confusion)), len(score.labels)
    low, _ = wilson_interval(correct, n, 0.999)
    return low > 0.1


def test_shuffled_labels_are_learned_by_nobody(data: Dataset) -> None:
    """Case 55: without any connection between pictures and labels, the score is that of chance."""
    assert not _beats_chance(_shuffled(data))


def test_the_leak_detector_detects_a_leak(data: Dataset) -> None:
    """The twin: with the test images in train, shuffled labels are known by heart."""
    shuffled = _shuffled(data)
    test, train = shuffled.splits["test"], shuffled.train
    images = np.concatenate([train.images[:500], test.images, test.images])
    labels = np.concatenate([train.labels[:500], test.labels, test.labels])
    leaky = Split.from_arrays(images, labels, numbered_ids("train", len(labels)))
    assert _beats_chance(replace(shuffled, splits={"train": leaky, "test": test}, fingerprints={}))


def test_the_rule_of_validation_is_measured_on_test(data: Dataset, model: Model) -> None:
    """Its threshold is that of the model; counts on test follow from confidence and familiarity."""
    score = assay.evaluate(model, data)
    assert score.abstention is not None
    rule, own = score.abstention.rule, model.limits.rule
    assert rule is not None
    assert own is not None
    assert (rule.threshold, rule.max_risk, rule.validation.n) == (own.threshold, 0.2, 200)
    assert rule.test is not None
    distances = model.distances(data.splits["test"].images)
    answered = model.limits.answered(score.confidence, distances)
    assert answered is not None
    assert rule.test.answered == answered.sum()


@pytest.mark.parametrize("n", [1, 2, 30])
def test_tiny_test_sets_are_judged(data: Dataset, model: Model, audit: Audit, n: int) -> None:
    """One image is enough for every part of the score."""
    test = data.splits["test"]
    small = _with_test(data, test.images[:n], test.labels[:n])
    found = replace(
        audit, dataset={**audit.dataset, "fingerprint": small.fingerprint}, issues=(), posterior=None
    )
    record = judge(model, small, found).as_record()
    assert record["honest"]["as_given"]["n"] == n
    assert record["slices"]["weakest"] == []


def test_thousands_of_classes_are_judged() -> None:
    """Far more classes than images: nothing is divided by an absent class."""
    from assay.evaluation.assess import Evidence, assess
    from assay.evaluation.values import Evaluation

    k, n = 1_500, 60
    rng = np.random.default_rng(0)
    p = np.full((n, k), 0.5 / (k - 1))
    p[np.arange(n), rng.integers(0, k, n)] = 0.5
    score = assess(Evaluation(tuple(map(str, range(k))), rng.integers(0, k, n), p), Evidence())
    assert score.calibration is not None
    assert score.calibration.after.bins[7].n == n
    assert score.as_record()["test"]["macro_f1_ci95"] is None


def test_settling_takes_validation_of_its_own_where_there_is_one(data: Dataset, model: Model) -> None:
    """A validation split in the data is used in place of held-out training images."""
    own = {**data.splits, "validation": data.splits["test"]}
    split = replace(data, splits=own, fingerprints={})
    everything = HoldOut(np.arange(len(data.train)), np.zeros(0, np.int64))
    assert calibrate(model, data.train, everything, split, None).limits.temperature.images == 500


@pytest.mark.parametrize("how", ["group", "copy"])
@pytest.mark.parametrize("known", [200, 500])
def test_validation_images_that_train_knows_set_no_limit(
    data: Dataset, model: Model, how: str, known: int
) -> None:
    """A validation split that shares groups or pixels with train: temperature, gate and rule come from the
    other images alone, or from none, with the reason; what was trained on in part counts alone."""
    train, own = data.train, data.splits["test"]
    rows = np.arange(1_000)
    if how == "copy":
        images, labels = own.images.copy(), own.labels.copy()
        images[:known], labels[:known] = train.images[:known], train.labels[:known]
        own = Split.from_arrays(images, labels, own.ids)
    else:
        names = np.array([f"g{i}" if i % 7 else "" for i in range(len(train))])
        mine = [names[row] if row < known else f"other {row}" for row in range(len(own))]
        mine[:known] = ["g1"] * known
        train = replace(train, columns={**train.columns, "group": names})
        own = replace(own, columns={**own.columns, "group": np.array(mine)})
    both = replace(data, splits={"train": train, "validation": own}, fingerprints={})
    limits = calibrate(model, train, HoldOut(rows, np.arange(0)), both, 0.2).limits
    assert limits.temperature.images == len(own) - known
    if known < len(own):
        assert limits.rule is not None
        assert limits.gate is not None
        assert (limits.rule.n, limits.gate.n) == (len(own) - known,) * 2
        assert _unseen_by(train, own, np.arange(1_000, 2_000)) == len(own)
    else:
        assert limits.rule is None
        assert limits.gate is None
        assert {limits.temperature.reason, limits.gate_reason, limits.rule_reason} == {NONE_UNKNOWN}


def _unseen_by(train: Split, own: Split, rows: np.ndarray) -> int:
    """How many validation images share nothing with those rows of train."""
    dataset = Dataset("two", tuple("abcdefghij"), {"train": train, "validation": own}, "made for a test")
    return len(validation_rows(train, HoldOut(rows, np.arange(0)), dataset)[1])


def test_a_wished_risk_goes_through_a_whole_run(data: Dataset, tmp_path: Path) -> None:
    """The rule is in the model and in evaluation.json, measured on the test split, by `assay.run` alone."""
    run = assay.run(
        data,
        model="linear",
        epochs=3,
        threads=1,
        max_risk=0.2,
        checks=("identity",),
        out=tmp_path / "run",
    )
    assert run.score is not None
    assert run.score.abstention is not None
    rule = run.score.abstention.rule
    assert rule is not None
    assert rule.max_risk == 0.2
    assert rule.test is not None
    assert 0 < rule.test.answered <= rule.test.n == 500
    kept = json.loads((tmp_path / "run" / "evaluation.json").read_text("utf-8"))
    assert kept["abstention"]["rule"]["max_risk"] == 0.2
    assert kept["abstention"]["rule"]["test"]["answered"] == rule.test.answered


def test_groups_of_test_images_widen_the_intervals(data: Dataset, model: Model) -> None:
    """Patients in a column; and frames that the audit finds to be copies of each other."""
    plain = judge(model, data, None)
    test = data.splits["test"]
    patients = tuple(f"p{row // 10}" if row < 490 else "" for row in range(500))
    named = replace(test, columns={**test.columns, "group": patients})
    grouped = judge(model, replace(data, splits={**data.splits, "test": named}), None)
    assert plain.groups is None
    assert grouped.group_count == 59  # an image without a group stands alone
    assert grouped.accuracy_ci95 != plain.accuracy_ci95

    frames = np.repeat(test.images[:100], 4, axis=0)
    frames = np.clip(frames + np.random.default_rng(0).normal(0, 2, frames.shape), 0, 255).astype(np.uint8)
    few = data.train.images[:200], data.train.labels[:200]  # enough to seek copies in
    train = Split.from_arrays(*few, numbered_ids("train", 200))
    videos = replace(_with_test(data, frames, np.repeat(test.labels[:100], 4)), fingerprints={})
    videos = replace(videos, splits={**videos.splits, "train": train})
    seen = assay.audit(videos, checks=("exact-duplicates", "near-duplicates"))
    found = judge(model, videos, seen)
    assert 95 <= (found.group_count or 0) <= 130
    assert judge(model, videos, None).groups is None
    assert judge(model, data, assay.audit(data, checks=("near-duplicates",))).groups is None
    low, high = found.accuracy_ci95
    wide, single = high - low, wilson_interval(int((found.labels == found.predicted).sum()), 400)
    assert wide > 1.5 * (single[1] - single[0])


def test_a_risk_is_promised_for_new_groups(data: Dataset, model: Model) -> None:
    """Validation and test images of patients: rule, gate and diagram count patients, not pictures."""
    train = data.train
    held = HoldOut(np.arange(1600), np.arange(1600, 2000))
    patients = tuple(f"{row // 20}" for row in range(2000))
    of_train = replace(train, columns={**train.columns, "group": patients})
    test = data.splits["test"]
    of_test = replace(test, columns={**test.columns, "group": tuple(f"t{row // 20}" for row in range(500))})
    grouped = replace(data, splits={**data.splits, "train": of_train, "test": of_test})
    found = [judge(calibrate(model, d.train, held, d, 0.35), d, None) for d in (data, grouped)]
    plain, careful = (one.abstention.rule for one in found if one.abstention is not None)
    assert plain is not None
    assert careful is not None
    assert plain.validation.risk_ci95 != careful.validation.risk_ci95
    assert plain.threshold is not None
    assert careful.threshold is None or careful.threshold >= plain.threshold
    gates = [one.out_of_distribution.gate for one in found if one.out_of_distribution is not None]
    assert [gate.test.refused for gate in gates if gate] == [gates[0].test.refused] * 2  # type: ignore[union-attr]
    assert gates[0].test.rate_ci95 != gates[1].test.rate_ci95  # type: ignore[union-attr]
    bins = [one.calibration.after.bins for one in found if one.calibration is not None]
    assert [b.n for b in bins[0]] == [b.n for b in bins[1]]
    assert [b.ci95 for b in bins[0]] != [b.ci95 for b in bins[1]]


def test_a_run_on_groups_says_so_everywhere(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Terminal, evaluation.json, predictions.csv and the comparison have the same groups and interval."""
    rng = np.random.default_rng(1)
    for label, name in enumerate("ab"):
        (tmp_path / "set" / name).mkdir(parents=True)
        for patient in range(15):
            own = rng.normal(110 + 20 * label, 45, (1, 12, 12))
            for shot, noise in enumerate(rng.normal(0, 45, (6, 12, 12))):
                pixels = np.clip(own[0] + noise, 0, 255).astype(np.uint8)
                Image.fromarray(pixels).save(tmp_path / "set" / name / f"{name}{patient:02}_{shot}.png")
    options = ["--group-pattern", "([ab][0-9]+)_", "--model", "linear,nearest-mean"]
    assert exit_code(["run", str(tmp_path / "set"), *options, "--out", str(tmp_path / "run")]) == 0
    assert "36 images in 6 groups" in capfd.readouterr().out
    folder, _ = sorted((tmp_path / "run" / "models").iterdir())
    score = json.loads((folder / "evaluation.json").read_text())["test"]
    assert score["groups"] == 6

    table = (folder / "predictions.csv").read_text().splitlines()
    assert table[0].endswith(",group")
    assert len({row.rpartition(",")[2] for row in table[1:]}) == 6
    (run, _) = json.loads((tmp_path / "run" / "comparison.json").read_text())["runs"]
    assert run["accuracy_ci95"] == score["accuracy_ci95"]
    assert exit_code(["verify", str(folder)]) == 0
