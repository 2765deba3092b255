from dataclasses import replace

from assay.audits.values import Finding
from assay.reports.story import tell


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
    leaked = Finding("leakage", "data integrity", "warn", "2 copies", {}, "t", "r", "remove", 2)
    story = tell(replace(content, audit=replace(content.audit, findings=(leaked,))))
    assert "never seen" in tell(content).headline
    assert "never seen" not in story.headline


def test_an_audit_says_that_nothing_was_trained(content_of) -> None:
    """Without a model there is no score, and the next step is to make one."""
    story = tell(content_of(audit_only=True))
    assert "No model was trained" in story.lead
    assert "assay run" in story.steps[-1]


def test_the_worst_comes_first(content_of) -> None:
    """Failures before warnings before scores; each brings its fix; of many, the worst four."""
    content = content_of()
    warn = Finding("identity", "data integrity", "warn", "odd", {}, "t", "r", "mend it")
    fail = Finding("leakage", "data integrity", "fail", "bad", {}, "t", "r", "stop")
    story = tell(replace(content, audit=replace(content.audit, findings=(warn, fail))))
    assert [point.verdict for point in story.points][:3] == ["fail", "warn", "score"]
    assert story.steps[:2] == ("stop (leakage)", "mend it (identity)")
    many = tell(replace(content, audit=replace(content.audit, findings=(warn, fail) * 5)))
    assert [p.verdict for p in many.points] == ["fail"] * 4 + ["score"] * 3 + ["warn"]
    assert many.points[-1].text == "6 more findings in the audit's chapter."


def test_sound_data_are_told_to_be_sound(content_of) -> None:
    """With nothing to warn of, the story says what was checked."""
    content = content_of(audit_only=True)
    good = Finding("identity", "data integrity", "pass", "fine", {}, "t", "r")
    story = tell(replace(content, audit=replace(content.audit, findings=(good,))))
    assert story.headline == "1 check found nothing wrong with toy before any training."
    assert story.points[0].text == "Passed: identity."
