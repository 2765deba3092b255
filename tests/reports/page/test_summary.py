"""The first screen: the score, whether to trust it, and what to do next, all from one value of facts."""

from dataclasses import replace
from typing import Any

import pytest

from assay.audits.registry import CHECKS
from assay.audits.values import Audit, Finding, Findings
from assay.evaluation.answer_order import AnswerOrder
from assay.reports.findings.facts import Facts, gather
from assay.reports.findings.next_steps import next_steps
from assay.reports.findings.training_course import Course
from assay.reports.findings.verdict import (
    copies_sentence,
    headline,
    labels_sentence,
    score_sentence,
    trust,
)
from assay.reports.page.summary import groups, tell
from assay.reports.values import Results
from assay.training.inference.any_model import summarize
from assay.training.model.values import EpochRecord, History
from assay.training.recipes import read_recipe
from assay.workflow.load import load


def found(check: str, verdict: str, count: int = 0, fix: str = "mend it", summary: str = "Odd (0.5). Why?"):
    return Finding(check, verdict, summary, {}, "t", "r", fix, count, area=CHECKS[check].area)


#: A run of which nothing bad is known: 90 % of 1,000 images.
SOUND = Facts(
    "toy", (found("identity", "pass"), found("leakage", "pass")), "mlp", 0.9, 0.88, 0.92, 1_000, 0.1
)


def facts_with(changes: dict[str, Any]) -> Facts:
    """The sound run with some changes, always one that was searched for leaks."""
    facts = replace(SOUND, **changes)
    searched = any(f.check == "leakage" for f in facts.findings)
    return facts if searched else replace(facts, findings=(*facts.findings, found("leakage", "pass")))


def test_the_score_and_what_guessing_gives_are_told() -> None:
    """Accuracy, interval, number of images and baseline, in one number style."""
    told = score_sentence(SOUND)
    for words in ("90.0\u00a0%", "88.0\u00a0% to 92.0\u00a0%", "1,000 images", "10.0\u00a0%"):
        assert words in told
    assert "1,000 images in 50 groups)" in score_sentence(replace(SOUND, groups=50))


def searched(content: Results) -> Results:
    """The same results with an audit that looked for leaks and found none."""
    return replace(content, audit=replace(content.audit, findings=Findings((found("leakage", "pass"),))))


@pytest.mark.parametrize(
    ("changes", "level", "word"),
    [
        ({}, "yes", "You can trust this score."),
        ({"leaked": 1, "findings": (found("leakage", "warn", 1),)}, "care", "1 test image (0.1\u00a0%) has"),
        ({"leaked": 5, "clean_accuracy": 0.899, "findings": (found("leakage", "fail", 5),)}, "yes", "trust"),
        ({"leaked": 5, "clean_accuracy": 0.89, "findings": (found("leakage", "fail", 5),)}, "care", "copy"),
        ({"leaked": 300, "clean_accuracy": 0.9, "findings": (found("leakage", "fail", 300),)}, "no", "copy"),
        ({"leaked": 300, "findings": (found("leakage", "fail", 300),)}, "no", "300 test images (30.0"),
        ({"low": 0.05, "high": 0.2, "accuracy": 0.1}, "no", "no better than always giving the same answer"),
        ({"low": 0.8, "high": 0.95, "n": 120}, "care", "120 test images are too few"),
        ({"findings": (found("identity", "fail"),)}, "no", "not what their name says"),
        ({"findings": (found("shortcuts", "fail"),)}, "care", "gives the class away"),
        ({"findings": (found("label-errors", "fail", 99),)}, "care", "many labels look wrong"),
        ({"findings": (found("drift", "warn"),)}, "yes", "You can trust"),
        (
            {"findings": (found("shortcuts", "fail"),), "low": 0.8, "high": 0.95, "n": 80},
            "care",
            "gives the class away, and 80 test images are too few",
        ),
        ({"low": 0.8, "high": 0.95, "n": 60, "groups": 6}, "care", "60 test images in 6 groups are too few"),
        (
            {"leaked": 10, "of_groups": 10},
            "care",
            "10 test images (1.0\u00a0%) are of groups that lie in tra",
        ),
        ({"leaked": 10, "of_groups": 4}, "care", "have a copy in training or are of groups that lie there"),
        (
            {"leaked": 1, "of_groups": 1},
            "care",
            "1 test image (0.1\u00a0%) is of a group that lies in training",
        ),
        ({"foreign": True}, "yes", "You can trust this score if its model has not seen the test images."),
        (
            {"low": 0.05, "high": 0.2},
            "no",
            "by chance alone it could be no better than always giving the same",
        ),
    ],
)
def test_trust_follows_from_the_facts(changes, level: str, word: str) -> None:
    """Leaks, guessing, too few images and broken data, each by its figure; a warning alone is no reason."""
    facts = facts_with(changes)
    assert trust(facts)[0] == level
    assert word in headline(facts)
    assert headline(facts).startswith({"yes": "You can", "care": "Use", "no": "Do not"}[level])


def test_answers_of_other_images_lead_the_verdict() -> None:
    """Before classes in another order: a shift of labels that turn looks like that, too."""
    order = AnswerOrder("each seems to belong to the image before it", 0.96)
    facts = replace(SOUND, foreign=True, misplaced=order, renamed=(("cat", "dog"), ("dog", "cat")))
    told = (
        "the answers are not in the order of the images, each seems to belong to the image before it, and so"
    )
    assert headline(facts) == f"Do not trust this score yet: {told} 96.0\u00a0% are right."
    assert next_steps(facts)[0].text.startswith("Give the answers in the order of the data")


def test_what_was_not_looked_for_is_not_called_sound() -> None:
    """Without the search for leaks no score is trusted; only checks that were made passed."""
    for findings in ((found("identity", "pass"),), (found("leakage", "not evaluated"),)):
        assert "was not checked" in headline(replace(SOUND, findings=findings))
    data = Facts("toy", (found("identity", "pass"), found("drift", "not evaluated")))
    assert headline(data) == "toy passed 1 check; 1 could not be made."


SHARES = {"effect": 0.4, "standard_errors": 9.0}
SAME = {"effect": 0.0, "standard_errors": 0.0}
FIGURES = dict.fromkeys(("brightness", "contrast", "sharpness", "features", "label_shares"), SAME)


@pytest.mark.parametrize(
    ("evidence", "words"),
    [
        (
            {"test": {**FIGURES, "label_shares": SHARES}},
            "the classes have other shares in test than",
        ),
        ({"test": {**FIGURES, "features": {**SHARES, "effect": 0.9}}}, "training and test images differ"),
        ({"test": {**FIGURES, "only_in_test": ["owl"]}}, "with care: train has no image of owl"),
        (
            {"validation": {**FIGURES, "features": {**SHARES, "effect": 0.9}}, "test": FIGURES},
            "You can trust",
        ),
    ],
)
def test_drift_is_told_by_what_differs(evidence, words: str) -> None:
    """Other shares are no other pictures, and validation images that differ leave the test score as it is."""
    drift = replace(found("drift", "fail"), evidence=evidence)
    assert words in headline(facts_with({"findings": (drift,)}))


def test_a_class_that_was_never_tested_is_told() -> None:
    """Whether or not the split was drawn, the score says nothing of that class."""
    balance = replace(
        found("label-balance", "fail"), evidence={"absent": {"train": [], "test": ["owl", "elk"]}}
    )
    assert "test has no image of owl and elk" in headline(facts_with({"findings": (balance,)}))


def test_wrong_test_labels_come_before_drift() -> None:
    """They make the score untrue for these very data; a class that has gone is named."""
    gone = [{"split": "test", "class": "cat", "label": "dog", "images": 40}]
    evidence = {"suspects": {"train": 0, "test": 300}, "gone": gone}
    labels = replace(found("label-errors", "fail", 300), evidence=evidence)
    told = headline(facts_with({"findings": (found("drift", "fail"), labels)}))
    assert (
        "300 of 1,000 test labels look wrong, for cat has no image there and 40 of dog look like it" in told
    )
    few = replace(labels, evidence={"suspects": {"train": 300, "test": 1}})
    assert "training and test images differ" in headline(
        facts_with({"findings": (found("drift", "fail"), few)})
    )


def test_a_net_that_learned_does_not_underfit() -> None:
    """Test images of another camera, or with wrong labels, lower its score and not what it learned."""
    assert replace(SOUND, floor=0.95, learned=0.9).underfits
    assert not replace(SOUND, floor=0.95, learned=0.99).underfits


def test_only_the_place_of_the_run_is_put_into_a_command() -> None:
    """A column may be called RUN, or have it in its name."""
    evidence = {"groups_by_column": {"name": "RUN"}}
    leakage = replace(found("leakage", "warn"), evidence=evidence)
    command = next_steps(replace(SOUND, findings=(leakage,)))[0].in_folder("runs/a")
    assert command == "assay run --config runs/a/config.toml --group-column RUN --out NEXT"


def test_classes_that_bear_each_others_names_come_first() -> None:
    """In the test labels by the audit, or in the answers by their own confusion; chance says neither."""
    pair = {"split": "test", "label": "cat", "looks_like": "dog"}
    renamed = replace(found("label-errors", "fail", 40), evidence={"renamed": [pair]})
    facts = replace(SOUND, findings=(found("drift", "fail"), renamed))
    why = "test seems to count its classes in another order, its cat looks like dog"
    assert headline(facts) == f"Do not trust this score yet: {why}."
    assert next_steps(facts)[0].text == (
        "Find out in which order test counts its classes, and give it the names of train."
    )
    assert headline(replace(facts, n=0, data="mine")) == f"Fix the names of classes in mine first: {why}."
    elsewhere = replace(renamed, evidence={"renamed": [{**pair, "split": "validation"}]})
    assert headline(replace(SOUND, findings=(elsewhere,))).startswith("Use this score with care")
    answers = replace(SOUND, renamed=(("cat", "dog"), ("dog", "cat")), foreign=True)
    said = "the answers seem to count the classes in another order, cat is answered as dog"
    assert headline(answers) == f"Do not trust this score yet: {said}."
    wanting = replace(answers, wants_convolution=True)
    assert [step.text.split(":")[0] for step in next_steps(wanting)] == ["Name the columns of the answers"]
    shuffled = replace(found("separability", "warn"), evidence={"better_than_chance": False})
    assert said not in headline(replace(answers, findings=(shuffled,)))
    own = next_steps(replace(answers, foreign=False))
    assert not any("columns of the answers" in step.text for step in own)  # of a net of Assay's own


def test_labels_out_of_order_come_first() -> None:
    """In test they make the score untrue; in train they are what must be put right before all else."""
    rows = {"split": "test", "first": 0, "last": 49, "images": 50, "of": 50, "shift": 0}
    labels = replace(found("label-errors", "fail", 40), evidence={"out_of_order": [rows]})
    facts = replace(SOUND, findings=(found("drift", "fail"), labels))
    why = "the labels of test go with its pictures no better than chance"
    assert headline(facts) == f"Do not trust this score yet: {why}."
    assert next_steps(facts)[0].text.startswith("Find out where the order of the labels breaks")
    assert headline(replace(facts, n=0, data="mine")) == f"Put the labels of mine in order first: {why}."
    drifted = replace(labels, evidence={"out_of_order": [{**rows, "may_be_right": True}]})
    unlike = replace(facts, findings=(found("drift", "fail"), drifted), n=0, data="mine")
    assert headline(unlike).startswith("Fix mine before training: ")
    part = replace(labels, evidence={"out_of_order": [{**rows, "split": "train", "of": 90, "first": 40}]})
    why = "the labels of train go with its pictures no better than chance from row 40 to 49"
    assert headline(replace(SOUND, findings=(part,))) == f"Use this score with care: {why}."
    chance = replace(SOUND, findings=(part,), low=0.05, high=0.2, accuracy=0.1)
    assert headline(chance).endswith(f"always giving the same answer (10.0\u00a0%), and {why}.")


def test_what_may_be_the_class_itself_is_a_score_with_care() -> None:
    """A light that tells the class: no error, and no score to be trusted as it stands either."""
    light = replace(found("shortcuts", "warn"), evidence={"may_be_content": ["mean brightness"]})
    facts = replace(SOUND, findings=(found("identity", "pass"), found("leakage", "pass"), light))
    assert (
        "the mean brightness alone gives the class away, which may be what the class is or not"
        in headline(facts)
    )
    none = replace(light, evidence={"may_be_content": []})
    assert headline(replace(facts, findings=(*SOUND.findings, none))).startswith("You can trust")


def test_pictures_that_tell_nothing_come_first() -> None:
    """Shuffled labels: copies and dark pictures are not what must be looked at first, nor another recipe."""
    shuffled = replace(found("separability", "warn"), evidence={"better_than_chance": False})
    facts = replace(SOUND, findings=(found("quality", "fail", 5), shuffled), low=0.05, high=0.2, accuracy=0.1)
    told = "the reference classifier found nothing in the pictures that goes with their labels"
    assert next_steps(facts)[0].text.startswith("Make sure that images and labels are in the same order")
    assert not any("--model" in step.command for step in next_steps(replace(facts, wants_convolution=True)))
    assert headline(facts).endswith(f"always giving the same answer (10.0\u00a0%), and {told}.")
    first = "Find out first whether the images of mine have their own labels"
    assert headline(replace(facts, n=0, data="mine")) == f"{first}: {told}."
    told_apart = replace(facts, findings=(found("quality", "fail", 5), found("separability", "warn")))
    assert "own labels" not in headline(replace(told_apart, n=0))
    assert told not in headline(told_apart)


@pytest.mark.parametrize(
    ("changes", "words", "command"),
    [
        ({"course": Course("overfitting", 7, 10)}, "overfits", "--epochs 7"),
        ({"course": Course("improving", 10, 10)}, "More training", "--epochs 20"),
        ({"course": Course("unstable", 2, 10)}, "unstable", "--learning-rate"),
        ({"course": Course("leveled off", 9, 10)}, "You can trust this score.", "assay predict RUN"),
        ({"wants_convolution": True}, "convolutional net", "--model cnn"),
        ({"wants_convolution": True, "wants_scaling": True}, "Scaling", "--set normalizer=standard"),
        ({"wants_convolution": True, "wants_pretrained": True}, "Pretrained", "--model pretrained"),
        ({"findings": (found("label-errors", "warn", 5),)}, "You can trust", "assay review RUN"),
        ({"findings": (found("leakage", "warn", 5),), "leaked": 5}, "with care", "assay review RUN"),
        ({"findings": (found("quality", "fail", 5),)}, "You can trust", "assay review RUN"),
    ],
)
def test_the_next_command_follows_from_the_state(changes, words: str, command: str) -> None:
    """Overfit, underfit, unstable, too simple a net, labels, leaks: headline and command say the same."""
    facts = facts_with(changes)
    assert words in headline(facts)
    assert command in next_steps(facts)[0].command


@pytest.mark.parametrize(("reference", "wanted"), [(0.0, False), (1.0, True), (None, True)])
def test_another_net_is_advised_where_the_reference_was_right_more_often(
    evaluation_of, reference: float | None, wanted: bool
) -> None:
    """A score above what the better features reached is not raised by them; unknown, as in old audits, is."""
    data, own = load("fashion-mnist-sample"), read_recipe("mlp")
    evidence = {} if reference is None else {"reference": {"accuracy": reference}}
    known = replace(found("separability", "pass"), evidence=evidence)
    decided = {"convolution": {"decision": "called for"}, "features": {"decision": "pretrained"}}
    audit, layers = Audit({}, {}, Findings((known,)), decisions=decided), summarize(own, data.shape, 10)
    score = evaluation_of(data)
    facts = gather(Results(data, {}, audit, evaluation=score, layers=layers, recipe=own.as_record()))
    assert 0 < facts.accuracy < 1
    assert (facts.wants_convolution, facts.wants_pretrained) == (wanted, wanted)
    photos = replace(
        audit, dataset={"shape": [64, 64, 3], "splits": {"train": {"per_class": {"a": 20, "b": 20}}}}
    )
    net = {**own.as_record(), "epochs": 3}
    assert gather(Results(data, {}, photos, evaluation=score, layers=layers, recipe=net)).few == 20 * wanted


@pytest.mark.parametrize(("reference", "word"), [(0.91, "may"), (0.93, "should")])
def test_what_raises_the_score_is_sure_above_its_interval(reference: float, word: str) -> None:
    """Inside the interval of the score a better reference may be chance."""
    facts = replace(SOUND, wants_pretrained=True, reference=reference)
    assert headline(facts) == f"You can trust this score. Pretrained features {word} raise it."


def test_a_model_that_learned_too_little_is_told_to_learn_more(content_of) -> None:
    """Below the nearest class mean, training comes before any other net; right scores stay trusted."""
    facts = replace(SOUND, floor=0.95, wants_convolution=True, course=Course("leveled off", 3, 3))
    assert headline(facts) == "You can trust this score, but the model has learned too little."
    assert [step.command.split(" --")[2] for step in next_steps(facts)[:2]] == ["epochs 6", "model cnn"]
    assert "raise the learning rate" in next_steps(facts)[0].text
    assert not replace(facts, floor=0.9).underfits  # inside the interval: nothing is known
    content = content_of()
    mean = replace(found("class-similarity", "pass"), evidence={"nearest_mean_accuracy": 0.999})
    story = tell(replace(content, audit=replace(content.audit, findings=(mean,))))
    assert story.points[0].label == "Underfitting"
    assert "99.9\u00a0% of the training images" in story.points[0].text


@pytest.mark.parametrize(
    ("changes", "words", "command"),
    [
        ({"few": 47}, "47 training images a class are few", "--model pretrained"),
        ({"larger": 224}, "at 224 pixels", "--size 224"),
        ({"uneven": 25.0}, "25 times", "--set class_weights=balanced"),
    ],
)
def test_little_to_learn_from_is_answered_with_a_command(changes, words: str, command: str) -> None:
    """Too few images, too small pictures, one class with hardly any: each with what to type; else none."""
    step = next_steps(replace(SOUND, **changes))[0]
    assert words in step.text
    assert command in step.command
    assert all(command not in step.command for step in next_steps(SOUND))


SMALLER = "7 of 9 images were made smaller, from 300 pixels a side in the median to 64 x 64, and lost details"
KEEPS = f"{SMALLER}; --size 224 keeps more of them, at a cost"


@pytest.mark.parametrize(
    ("recipe", "counts", "shape", "note", "wanted"),
    [
        ("cnn", (50, 40), (64, 64, 3), KEEPS, (45, 224, 0.0)),
        ("cnn", (50, 40), (64, 64, 3), SMALLER, (45, 0, 0.0)),
        ("cnn", (50, 40), (200, 200, 3), KEEPS, (45, 0, 0.0)),
        ("cnn", (50, 40), (64, 64, 1), "", (0, 0, 0.0)),
        ("cnn", (50, 40), (63, 64, 3), "", (0, 0, 0.0)),
        ("cnn", (900, 40), (64, 64, 3), "", (0, 0, 22.5)),
        ("cnn", (900, 0), (64, 64, 3), "", (0, 0, 0.0)),
        ("pretrained", (90, 4), (64, 64, 3), "", (0, 0, 0.0)),
        ("finetuned", (90, 40), (64, 64, 3), "", (0, 0, 0.0)),
    ],
)
def test_what_is_little_is_told_from_the_data_and_the_recipe(
    evaluation_of, recipe: str, counts, shape, note: str, wanted
) -> None:
    """Counts of train, the size read at, and whether the net began from nothing or weighs its classes."""
    data = load("fashion-mnist-sample")
    splits = {"train": {"per_class": dict(zip("ab", counts, strict=True))}}
    audit = Audit({"splits": splits, "shape": list(shape), "notes": [note]}, {}, Findings(()))
    own = read_recipe(recipe)
    layers = summarize(own, shape, 2)
    score = evaluation_of(data)
    facts = gather(Results(data, {}, audit, evaluation=score, layers=layers, recipe=own.as_record()))
    assert (facts.few, facts.larger, facts.uneven) == wanted


@pytest.mark.parametrize(
    ("disputed", "words"),
    [
        (None, ""),
        (
            (1, 0.899, 0.9),
            "1 test label is disputed: whichever is right, the accuracy is 89.9\u00a0% or 90.0",
        ),
        (
            (40, 0.87, 0.91),
            "40 test labels are disputed: whichever are right, the accuracy lies between 87.0",
        ),
        (
            (5, 0.8806, 0.8811),
            "5 test labels are disputed: whichever are right, the accuracy stays at 88.1\u00a0%.",
        ),
    ],
)
def test_disputed_test_labels_bound_the_accuracy(disputed, words: str) -> None:
    """Why a score is trusted though labels are doubtful: what they can do to it at the most."""
    told = labels_sentence(replace(SOUND, disputed=disputed))
    assert told.startswith(words)
    assert bool(told) == bool(words)


def test_the_bounds_are_those_of_the_evaluation(content_of) -> None:
    """The sentence on the first screen rests on `honest.suspects` of evaluation.json, where that is known."""
    content = content_of()
    suspects = (content.evaluation.as_record().get("honest") or {}).get("suspects") or {}
    found = gather(content).disputed
    if suspects.get("n"):
        ways = (suspects[way]["accuracy"] for way in ("counted_wrong", "counted_right"))
        assert found == (suspects["n"], *ways)
    else:
        assert found is None


def test_a_run_that_kept_its_best_epoch_does_not_overfit(evaluation_of) -> None:
    """With patience, the loss that rose at the end is why it ended: to stop there again changes nothing."""
    losses = (1.0, 0.5, 0.6, 0.7)
    records = tuple(EpochRecord(i, 0.1, 1 / i, 0.9, loss, 0.9) for i, loss in enumerate(losses, 1))
    data = load("fashion-mnist-sample")
    for patience, state in ((0, "overfitting"), (2, "leveled off")):
        recipe = {"name": "cnn", "epochs": 4, "patience": patience}
        audit, history = Audit({}, {}, Findings(())), History(records)
        facts = gather(
            Results(data, {}, audit, evaluation=evaluation_of(data), history=history, recipe=recipe)
        )
        assert facts.course is not None
        assert facts.course.state == state


def test_steps_name_the_folder_of_the_run() -> None:
    """RUN becomes the folder, in every place."""
    step = next_steps(replace(SOUND, wants_convolution=True))[0]
    assert step.in_folder("'a b'").startswith("assay run --config 'a b'/config.toml")


@pytest.mark.parametrize("count", [0, 5])
def test_groups_that_names_suggest_make_the_first_step(count: int) -> None:
    """With the whole command, for a run and for an audit; the score is told with care."""
    pattern = r"([^/_]+)_[^/]*$|[^/]+$"
    leakage = replace(found("leakage", "warn", count), evidence={"groups_by_names": {"pattern": pattern}})
    facts = replace(SOUND, findings=(leakage,), leaked=count)
    assert headline(facts).startswith("Use this score with care")
    step = next_steps(facts)[0]
    assert step.command == f"assay run --config RUN/config.toml --group-pattern '{pattern}' --out NEXT"
    assert sum("mend it" in step.text for step in next_steps(facts)) == 0
    audited = next_steps(replace(facts, n=0))[0]
    assert audited.command.startswith("assay audit --config RUN/config.toml --group-pattern '")


def test_a_column_of_groups_makes_the_first_step() -> None:
    leakage = replace(found("leakage", "warn"), evidence={"groups_by_column": {"name": "Patient ID"}})
    facts = replace(SOUND, findings=(leakage,))
    assert headline(facts).startswith("Use this score with care: the column Patient ID says")
    assert next_steps(facts)[0].command == (
        "assay run --config RUN/config.toml --group-column 'Patient ID' --out NEXT"
    )


@pytest.mark.parametrize(
    "evidence",
    [
        {"groups_by_distances": {"close": 9}},
        {"groups_by_names": {"pattern": "x"}},
        {"groups_by_column": {"name": "patient"}},
    ],
)
def test_groups_that_the_headline_speaks_of_are_the_first_point_and_step(content_of, evidence) -> None:
    """Before what fails, and where no copy is known, too; no word says that the images were never seen."""
    leakage = found(
        "leakage", "warn", fix="name them", summary="Images seem to come in groups. None has a copy."
    )
    leakage = replace(leakage, evidence=evidence)
    failed = [found(check, "fail", 3) for check in ("exact-duplicates", "label-balance", "quality")]
    content = content_of()
    assert "never seen" in tell(searched(content)).lead
    story = tell(replace(content, audit=replace(content.audit, findings=Findings((*failed, leakage)))))
    assert story.points[0].text == "Images seem to come in groups."
    assert [point.label for point in story.points].count("Train-test leakage") == 1
    assert "never seen" not in story.lead
    assert "group" in story.steps[0].text or "names mean" in story.steps[0].text
    facts = replace(SOUND, findings=(leakage,), clean_accuracy=SOUND.accuracy)
    steps = next_steps(facts)
    assert "one side" in steps[0].text or "belong together" in steps[0].text
    assert not any("name them" in step.text for step in steps)


@pytest.mark.parametrize("verdict", ["warn", "fail"])
def test_classes_whose_labels_are_mixed_up_are_in_the_headline(verdict: str) -> None:
    """Of the pair with most wrong labels; the score is told with care, and the step names the pair."""
    pairs = [
        {"class": "coat", "label": "shirt", "expected_wrong": 20.2},
        {"class": "bag", "label": "boot", "expected_wrong": 61.0},
    ]
    labels = replace(found("label-errors", verdict, 0), evidence={"mixed_up": {"pairs": pairs}})
    facts = facts_with({"findings": (labels,)})
    told = "about 81 labels seem to be wrong, above all bag labelled boot"
    assert headline(facts) == f"Use this score with care: {told}."
    assert any("by which rule bag was labelled boot" in step.text for step in next_steps(facts))
    none = replace(labels, verdict="pass", evidence={"mixed_up": {"pairs": []}})
    assert headline(facts_with({"findings": (none,)})) == headline(SOUND)


def test_a_step_is_always_there() -> None:
    """Whatever the facts, there is something to do next."""
    assert all(next_steps(facts) for facts in (SOUND, Facts("toy", ()), replace(SOUND, low=0.0, high=1.0)))


def test_the_score_without_copies_is_told_where_there_are_copies() -> None:
    """Never where none leaked: there the two would be the same number."""
    assert copies_sentence(replace(SOUND, clean_accuracy=0.9)) == ""
    told = copies_sentence(replace(SOUND, leaked=5, clean_accuracy=0.88))
    assert told == "Without these images the accuracy is 88.0\u00a0% (-2.0 points): read that score instead."
    told = copies_sentence(
        replace(SOUND, leaked=1, clean_accuracy=0.8999)
    )  # too little to be in the headline
    assert told.endswith("has a copy in training; leaving it out changes the score by less than 0.05 points.")
    facts = replace(SOUND, n=5_000, leaked=1, low=0.86, high=0.94, accuracy=0.8, clean_accuracy=0.8008)
    assert copies_sentence(facts).endswith("a copy in training; without it: 80.1\u00a0% (+0.1 points).")


@pytest.mark.parametrize(("leaked", "said"), [(1, "a copy of"), (300, "copies of")])
def test_copies_that_may_be_none_are_no_copies_in_the_headline(leaked: int, said: str) -> None:
    """Pictures from one template: the finding has both readings, and so has the headline."""
    unsure = replace(found("leakage", "fail", leaked), evidence={"may_be_no_copies": True})
    facts = replace(SOUND, leaked=leaked, clean_accuracy=0.8, findings=(unsure,))
    assert trust(facts)[1].endswith(f"may be {said} training images")
    assert copies_sentence(facts).startswith("Without th")
    sure = replace(facts, findings=(found("leakage", "fail", leaked),))
    assert trust(sure)[1].endswith("in training")


def test_leaked_images_are_not_called_unseen(content_of) -> None:
    """Where train holds copies of test images, nothing claims that the model never saw them."""
    content = content_of()
    story = tell(replace(content, audit=replace(content.audit, findings=(found("leakage", "warn", 2),))))
    assert "never seen" in tell(searched(content)).lead
    assert "never seen" not in tell(content).lead  # nobody looked for copies
    assert "never seen" not in story.lead + story.headline
    assert story.trust == "care"


def test_copies_are_told_once(content_of) -> None:
    """Where headline and lead count the copies and the score without them, no point below says it again."""
    content = content_of(history=None)
    copies, other = found("leakage", "warn", 2), found("drift", "warn", 1)
    story = tell(replace(content, audit=replace(content.audit, findings=(copies, other))))
    assert "2 test images" in story.headline
    assert "Without these images" in story.lead
    assert "Train-test leakage" not in [point.label for point in story.points]
    assert story.points[0].label == "Drift"
    failed = replace(copies, verdict="fail")
    same = replace(found("exact-duplicates", "fail", 2), evidence={"across-splits": 2})
    more = replace(found("near-duplicates", "warn", 3), evidence={"across-splits": 2})
    story = tell(replace(content, audit=replace(content.audit, findings=(failed, same, more, other))))
    labels = [point.label for point in story.points]
    assert labels[0] == "Near duplicates"
    assert "Exact duplicates" not in labels


def test_an_audit_says_that_nothing_was_trained(content_of) -> None:
    """Without a model there is no score, and the next step is to make one."""
    story = tell(content_of(audit_only=True))
    assert story.trust == "none"
    assert "No model was trained" in story.lead
    assert story.steps[-1].command.startswith("assay run")


def test_the_worst_comes_first(content_of) -> None:
    """Failures before warnings; of equal verdicts what misleads most; one place is left to the scores."""
    content = content_of(history=None)
    warn, fail = found("class-similarity", "warn"), found("leakage", "fail")
    story = tell(replace(content, audit=replace(content.audit, findings=(warn, fail))))
    assert [point.verdict for point in story.points] == ["fail", "score", "warn"]
    assert story.points[0].label == "Train-test leakage"
    assert story.points[-1].text == "Odd (0.5)."
    assert story.points[-1].place == "check-class-similarity"
    copies = found("leakage", "warn")
    story = tell(replace(content, audit=replace(content.audit, findings=(warn, copies))))
    assert story.points[0].label == "Train-test leakage"


def test_a_training_that_went_wrong_is_on_the_first_screen(content_of, history_of) -> None:
    """Overfitting changes what to do; a curve that has leveled off does not."""
    bad = tell(content_of(history=history_of((0.9, 0.5, 0.9))))
    good = tell(content_of(history=history_of((0.9, 0.5, 0.5))))
    assert "Training: overfitting" in [point.label for point in bad.points]
    assert not [point for point in good.points if point.label.startswith("Training")]


def test_every_check_has_an_importance_of_its_own() -> None:
    """A check that is added must be placed among the others."""
    places = [check.importance for check in CHECKS.values()]
    assert len(set(places)) == len(CHECKS)


def test_a_weak_group_is_on_the_first_screen(content_of) -> None:
    """What the groups showed for sure is told before which classes are confused."""
    points = [p for p in tell(content_of(history=None)).points if p.verdict == "score"]
    first = next(point for point in points if point.label != "Underfitting")
    assert first.text.startswith("The weakest class is dog: 25.0\u00a0% of 4 images correct")


def test_findings_are_grouped_by_what_they_ask_for() -> None:
    """Failures, warnings, unchecked, passes; every finding once; no empty group."""
    all_of = (
        found("drift", "pass"),
        found("leakage", "fail"),
        found("quality", "warn"),
        found("identity", "pass"),
    )
    told = groups(all_of)
    assert [(g.title, g.positions) for g in told] == [
        ("Must be fixed", (1,)),
        ("Look at", (2,)),
        ("Fine", (0, 3)),
    ]


def test_sound_data_are_called_sound(content_of) -> None:
    """With nothing to warn of, the headline says what passed."""
    content = content_of(audit_only=True)
    story = tell(replace(content, audit=replace(content.audit, findings=(found("identity", "pass"),))))
    assert story.headline == "toy passed 1 check."
    assert story.points == ()


@pytest.mark.parametrize("recipe", ["mlp", "cnn", "pretrained"])
def test_who_has_convolutions_is_not_sent_for_them(recipe: str, evaluation_of) -> None:
    """Asked of the layers that the recipe really has; a pretrained net has them inside its one row."""
    data = load("fashion-mnist-sample")
    audit = Audit({}, {}, Findings(()), decisions={"convolution": {"decision": "called for", "reason": ""}})
    layers = summarize(read_recipe(recipe), (64, 64, 3), 10)
    facts = gather(Results(data, {}, audit, evaluation=evaluation_of(data), layers=layers))
    assert facts.wants_convolution == (recipe == "mlp")


@pytest.mark.parametrize(("normalizer", "wanted"), [("minmax", True), ("standard", False)])
def test_pixels_of_few_values_are_to_be_scaled(normalizer: str, wanted: bool, evaluation_of) -> None:
    """Where the audit calls for it and the recipe divides by 255; the digits of 0 to 16 gain 14 points."""
    data = load("fashion-mnist-sample")
    audit = Audit({}, {}, Findings(()), decisions={"normalization": {"decision": "standard", "reason": ""}})
    recipe = {"name": "mlp", "normalizer": normalizer}
    facts = gather(Results(data, {}, audit, evaluation=evaluation_of(data), recipe=recipe))
    assert facts.wants_scaling == wanted


def test_of_a_pretrained_net_nothing_is_trained() -> None:
    """The total counts the net; what is trained is what stands after it."""
    table = summarize(read_recipe("pretrained"), (64, 64, 3), 10)
    assert table.trainable_parameters == table.parameters - 3_350_000
