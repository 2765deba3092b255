"""Models on the same test images: paired by digest, counted, and refused where they cannot be paired."""

import csv
import io
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from assay.core import durable
from assay.core.errors import AssayError
from assay.core.text import csv_text
from assay.estimators.mcnemar import mcnemar
from assay.evaluation.compare import Candidate, lay_out, need_same_test
from assay.evaluation.predictions_file import Answer, Answers, read_answers
from assay.reports.findings.comparison import lead


def answers_of(labels: str, predicted: str, order: list[int] | None = None) -> Answers:
    """One letter an image; `order` is where each image lay in the source."""
    order = order or list(range(len(labels)))
    rows = [
        Answer("test", place, f"test/{place}", f"{row:064x}", label, answer, 0.5 + 0.01 * row)
        for row, (label, answer, place) in enumerate(zip(labels, predicted, order, strict=True))
    ]
    return Answers(tuple(rows))


def candidate(name: str, answers: Answers | None, seed: int = 0, **more: object) -> Candidate:
    costs = {"parameters": 10, "trainable_parameters": 9, "multiply_adds": 8, "bytes": 40}
    prints = {"train": "t" * 64, "test": "e" * 64}
    recipe = {"name": name.partition("-")[0], "epochs": 3}
    return Candidate(
        name,
        "sample",
        **{
            "recipe": recipe,
            "seed": seed,
            "fingerprints": prints,
            "costs": costs,
            "validation_accuracy": 0.5,
            "answers": answers,
            **more,
        },
    )  # type: ignore[arg-type]


LABELS = "aaabbbcc"
FIRST = candidate("mlp-s0", answers_of(LABELS, "aaabbacb"))  # wrong: 5 and 7
SECOND = candidate("cnn-s0", answers_of(LABELS, "abcbbbcb"))  # wrong: 1, 2 and 7


def test_counts_by_hand() -> None:
    """Of eight images both get 4 right, the first alone 2, the second alone 1, neither 1."""
    pair = lay_out([FIRST, SECOND]).pair("mlp-s0", "cnn-s0")
    assert (pair.both_right, pair.only_first, pair.only_second, pair.both_wrong) == (4, 2, 1, 1)
    assert pair.same_answer == 5  # image 7 is wrong both times, and alike
    assert pair.difference == pytest.approx(5 / 8 - 6 / 8)
    assert pair.p_value == pair.p_value_holm == mcnemar(2, 1)
    record = pair.as_record()
    assert record["difference_ci95"] is None
    assert "fewer than 10" in record["difference_ci95_reason"]


def test_three_models_are_corrected_for_being_three_pairs() -> None:
    """Every two are compared, and no corrected p-value lies below its own."""
    third = candidate("linear-s0", answers_of(LABELS, "cccaaabb"))
    found = lay_out([FIRST, SECOND, third])
    assert [(p.first, p.second) for p in found.pairs] == [
        ("mlp-s0", "cnn-s0"),
        ("mlp-s0", "linear-s0"),
        ("cnn-s0", "linear-s0"),
    ]
    assert all(p.p_value_holm >= p.p_value for p in found.pairs)
    assert min(p.p_value_holm for p in found.pairs) == min(1.0, 3 * min(p.p_value for p in found.pairs))
    assert found.agreement()[0] == [1.0, 5 / 8, 2 / 8]
    assert np.array_equal(found.agreement(), np.transpose(found.agreement()))


def test_images_are_paired_whatever_their_order(tmp_path: Path) -> None:
    """The source of one run named and ordered its files otherwise: the same counts, from its own file."""
    rng = np.random.default_rng(0)
    assert SECOND.answers is not None
    for trial in range(5):
        rows = [SECOND.answers.rows[i] for i in rng.permutation(len(LABELS))]
        cells = [
            ["test", n, f"x{n}", r.digest, r.label, r.predicted, r.probability] for n, r in enumerate(rows)
        ]
        header = "split,index,id,digest,label,predicted,probability".split(",")
        durable.write_text(tmp_path / "predictions.csv", csv_text(header, cells))
        shuffled = replace(SECOND, answers=read_answers(tmp_path))
        found = lay_out([FIRST, shuffled]).pairs, lay_out([FIRST, SECOND]).pairs
        assert found[0] == found[1], trial


def test_equal_images_with_two_labels_are_kept_apart() -> None:
    """One picture that is in the test split twice, as a and as b: each copy is paired with its like."""
    rows = [Answer("test", n, f"{n}", "0" * 64, label, "a", 0.9) for n, label in enumerate("ab")]
    other = [Answer("test", n, f"{n}", "0" * 64, label, "b", 0.9) for n, label in enumerate("ba")]
    ordered = [Answers(tuple(sorted(r, key=lambda a: (a.digest, a.label, a.index)))) for r in (rows, other)]
    pair = lay_out([candidate("x", ordered[0]), candidate("y", ordered[1])]).pairs[0]
    assert (pair.only_first, pair.only_second, pair.both_right) == (1, 1, 0)


def test_pairs_of_images_in_groups_say_so() -> None:
    """The test of groups is named, with their number, and the reason why there is no interval is theirs."""
    grouped = [
        replace(
            c,
            answers=Answers(tuple(replace(row, group=n // 2) for n, row in enumerate(c.answers.rows))),
        )
        for c in (FIRST, SECOND)
        if c.answers
    ]
    comparison = lay_out(grouped)
    assert comparison.pairs[0].groups == 4
    assert comparison.pairs[0].as_record()["difference_ci95_reason"] == "the images come in groups"
    assert "(paired randomization test of 4 groups)" in lead(comparison)
    assert "(exact McNemar test)" in lead(lay_out([FIRST, SECOND]))


def test_images_that_differ_are_listed() -> None:
    """A row for each image that one gets right and the other wrong, in source order, with both answers."""
    rows = list(csv.DictReader(io.StringIO(lay_out([FIRST, SECOND]).differences_csv())))
    assert [row["index"] for row in rows] == ["1", "2", "5"]
    assert (rows[2]["label"], rows[2]["predicted:mlp-s0"], rows[2]["predicted:cnn-s0"]) == ("b", "a", "b")
    assert [row["right:mlp-s0"] for row in rows] == ["yes", "yes", "no"]
    assert float(rows[0]["probability:cnn-s0"]) == 0.51


def test_runs_of_one_recipe_stand_together() -> None:
    """Mean and spread join what differs in the seed alone; another training set is another group."""
    second = replace(FIRST, name="mlp-s1", seed=1, answers=answers_of(LABELS, "aaabbbcb"))
    cleaned = replace(FIRST, name="mlp-s2", seed=2, fingerprints={"train": "c" * 64, "test": "e" * 64})
    groups = lay_out([FIRST, second, cleaned, SECOND]).over_seeds
    assert [(g.recipe, g.seeds) for g in groups] == [("mlp", (0, 1)), ("mlp", (2,)), ("cnn", (0,))]
    assert groups[0].accuracies == (6 / 8, 7 / 8)


def test_a_run_given_twice_is_no_second_seed() -> None:
    """Equal seeds do not count as independent runs."""
    assert [g.seeds for g in lay_out([FIRST, replace(FIRST, name="again")]).over_seeds] == [(0,), (0,)]


def test_other_test_images_are_refused() -> None:
    """Exit 4, naming both runs and what differs; training data may differ."""
    other = replace(SECOND, fingerprints={"train": "t" * 64, "test": "f" * 64})
    with pytest.raises(AssayError, match="different-test-data") as caught:
        need_same_test([FIRST, other], "runs/x")
    assert caught.value.exit_code == 4
    assert "mlp-s0 has fingerprint eeeeeeeeeeee, cnn-s0 has fingerprint ffffffffffff" in str(caught.value)
    cleaned = replace(SECOND, fingerprints={"train": "c" * 64, "test": "e" * 64})
    need_same_test([FIRST, cleaned], "runs/x")


def test_untested_runs_are_refused_with_what_to_do() -> None:
    """Exit 2 and the command that tests them; side by side they can stand, and it says why unpaired."""
    untested = candidate("linear-s0", None)
    with pytest.raises(AssayError, match=r"run-not-evaluated.*linear-s0.*assay evaluate RUN") as caught:
        need_same_test([FIRST, untested], "runs/x")
    assert caught.value.exit_code == 2
    found = lay_out([FIRST, untested])
    assert (found.pairs, found.agreement(), found.differing()) == ((), [], [])
    assert "linear-s0" in found.unpaired
    assert found.as_record()["runs"][1]["reason"] == "not tested"


def test_the_record_is_plain_json() -> None:
    """What becomes comparison.json has no NaN, no seconds, and reads back equal."""
    record = lay_out([FIRST, SECOND]).as_record()
    assert json.loads(json.dumps(record, allow_nan=False)) == record
    assert record["schema"] == 1
    assert "seconds" not in json.dumps(record)


def test_damaged_predictions_are_named(tmp_path: Path) -> None:
    """Missing, cut or altered: exit 4 with the file."""
    for text in (None, "split,index\n", "split,index,id,digest,label,predicted,probability\ntest,x,,,,,\n"):
        if text is not None:
            (tmp_path / "predictions.csv").write_text(text)
        with pytest.raises(AssayError, match=r"run-damaged.*predictions\.csv"):
            read_answers(tmp_path)
