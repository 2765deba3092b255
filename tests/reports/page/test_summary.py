from dataclasses import replace

from assay.audits.registry import CHECKS
from assay.audits.values import Finding
from assay.reports.page.summary import tell


def test_a_run_leads_with_its_score(content_of) -> None:
    """The first screen says the accuracy, its interval, and what never learning would give."""
    content = content_of()
    story = tell(content)
    score = content.evaluation
    assert f"The model mlp recognizes {100 * score.accuracy:.2f}\u00a0% of 12 test images" in story.headline
    assert f"{100 * score.accuracy_ci95[0]:.2f}\u00a0%" in story.lead
    assert "right for 33.3\u00a0% at best" in story.lead


def test_leaked_images_are_not_called_unseen(content_of) -> None:
    """Where train holds copies of test images, the headline does not claim that the model never saw them."""
    content = content_of()
    leaked = Finding("leakage", "warn", "2 copies", {}, "t", "r", "remove", 2, area="data integrity")
    story = tell(replace(content, audit=replace(content.audit, findings=(leaked,))))
    assert "never seen" in tell(content).headline
    assert "never seen" not in story.headline


def test_an_audit_says_that_nothing_was_trained(content_of) -> None:
    """Without a model there is no score, and the next step is to make one."""
    story = tell(content_of(audit_only=True))
    assert "No model was trained" in story.lead
    assert "assay run" in story.steps[-1]


def test_the_worst_comes_first(content_of) -> None:
    """Failures before warnings before scores; each with its fix; of many, the worst and one of the scores."""
    content = content_of()
    warn = Finding("identity", "warn", "Odd (0.5). Why?", {}, "t", "r", "mend it", area="data integrity")
    fail = Finding("leakage", "fail", "bad", {}, "t", "r", "stop", area="data integrity")
    story = tell(replace(content, audit=replace(content.audit, findings=(warn, fail))))
    assert [point.verdict for point in story.points] == ["fail", "warn", "score"]
    assert story.points[1].text == "Odd (0.5)."
    assert story.points[1].place == "check-identity"
    assert story.steps[:2] == ("stop (leakage)", "mend it (identity)")
    assert story.more == ""
    many = tell(replace(content, audit=replace(content.audit, findings=(warn, fail) * 5)))
    assert [p.verdict for p in many.points] == ["fail", "fail", "score"]
    assert many.more == "8 more findings of the audit"


def test_of_equal_verdicts_the_most_misleading_comes_first(content_of) -> None:
    """Copies in train make the score untrue; that two classes are alike only makes it low."""
    content = content_of()
    alike = Finding("class-similarity", "warn", "alike", {}, "t", "r", area="spatial complexity")
    copies = Finding("leakage", "warn", "copies", {}, "t", "r", area="data integrity")
    story = tell(replace(content, audit=replace(content.audit, findings=(alike, copies))))
    assert [point.label for point in story.points][:2] == ["leakage", "class-similarity"]


def test_every_check_has_an_importance_of_its_own() -> None:
    """A check that is added must be placed among the others."""
    places = [check.importance for check in CHECKS.values()]
    assert len(set(places)) == len(CHECKS)


def test_a_weak_slice_is_on_the_first_screen(content_of) -> None:
    """What the slices showed for sure is told before which classes are confused."""
    points = tell(content_of()).points
    assert points[-1].label in ("weakest slice", "confusion", "recall")
    first = next(point for point in points if point.verdict == "score")
    assert first.text.startswith("dog is the weakest class: 25.0\u00a0% of 4 images right")


def test_suspects_lead_to_the_review(content_of) -> None:
    """Where labels are disputed, the first screen says how to decide about them."""
    content = content_of()
    suspects = Finding("label-errors", "warn", "2 labels", {}, "t", "r", "look", 2, area="label quality")
    story = tell(replace(content, audit=replace(content.audit, findings=(suspects,))))
    assert any("assay review" in step for step in story.steps)
    assert not any("assay review" in step for step in tell(content).steps)


def test_sound_data_are_told_to_be_sound(content_of) -> None:
    """With nothing to warn of, the story says what was checked."""
    content = content_of(audit_only=True)
    good = Finding("identity", "pass", "fine", {}, "t", "r", area="data integrity")
    story = tell(replace(content, audit=replace(content.audit, findings=(good,))))
    assert story.headline == "1 check found nothing wrong with toy before any training."
    assert story.points[0].text == "Passed: identity."
