"""Which of several models the next command names."""

from assay.evaluation.compare import Candidate
from assay.reports.findings.model_to_take import model_to_take


def candidate(
    name: str, score: float | None, parameters: int, images: int | None = 100, **more: object
) -> Candidate:
    """A model with a score on so many validation images."""
    given = {"recipe": {"name": name}, "seed": 0, "fingerprints": {"train": "t", "test": "e"}, **more}
    costs = {"parameters": parameters}
    return Candidate(name, "d", costs=costs, validation_accuracy=score, validation_images=images, **given)  # type: ignore[arg-type]


def test_the_smallest_of_those_that_one_error_does_not_part() -> None:
    """.90 of 100 images has a standard error of .03: .88 is within it, .85 is not."""
    large, small = candidate("cnn", 0.90, 900), candidate("mlp", 0.88, 100)
    taken, why = model_to_take([large, small, candidate("linear", 0.85, 10)])
    assert taken is small
    assert why == (
        "The next command names mlp: of the 2 models within one standard error of the best on 100 validation "
        "images none has fewer parameters."
    )


def test_the_best_where_it_is_ahead_of_all() -> None:
    """Then its size is no matter."""
    taken, why = model_to_take([candidate("linear", 0.80, 10), candidate("cnn", 0.90, 900)])
    assert taken.name == "cnn"
    assert "on 100 validation images every other model is behind it by more than one standard error" in why


def test_all_right_of_few_is_no_lead() -> None:
    """Twenty of twenty have an error, too, and one image is never more than it."""
    for images in (4, 10, 20, 1_000):
        one_less = candidate("b", (images - 1) / images, 1, images)
        assert model_to_take([candidate("a", 1.0, 9, images), one_less])[0] is one_less


def test_seeds_of_one_recipe_go_by_their_score() -> None:
    """They are of one size."""
    taken, _ = model_to_take([candidate("s0", 0.89, 9), candidate("s1", 0.90, 9)])
    assert taken.name == "s1"


def test_scores_that_do_not_compare_choose_nothing() -> None:
    """The first model is named, and the sentence says why."""
    one = candidate("a", 0.5, 9)
    for other, told in (
        (candidate("b", None, 1), "not all were scored on validation images"),
        (candidate("b", 0.9, 1, 50), "validation images do not compare"),
        (candidate("b", 0.9, 1, fingerprints={"train": "u"}), "validation images do not compare"),
        (candidate("b", 0.9, 1, None), "validation images do not compare"),
    ):
        taken, why = model_to_take([one, other])
        assert taken is one
        assert told in why
        assert why.startswith("The next command names the first model, a: ")
