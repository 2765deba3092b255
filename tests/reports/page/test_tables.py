from dataclasses import replace

from assay.audits.values import AREAS, Audit, Finding
from assay.reports.page import tables


def finding(check: str, area: str, verdict: str) -> Finding:
    return Finding(check, verdict, "s", {}, "t", "r", area=area)  # type: ignore[arg-type]


def test_every_area_has_its_text() -> None:
    """The summary table can explain every area there is."""
    assert set(tables.AREA_TEXTS) == set(AREAS)


def test_area_rows_take_the_worst_verdict() -> None:
    """The four areas always have a row; the status is that of the worst check, or not evaluated."""
    audit = Audit(
        {},
        {},
        (
            finding("identity", "data integrity", "pass"),
            finding("leakage", "data integrity", "fail"),
            finding("quality", "content", "warn"),
        ),
    )
    rows = {row.area: (row.status, row.positions) for row in tables.area_rows(audit)}
    assert rows == {
        "data integrity": ("fail", (0, 1)),
        "label balance": ("not evaluated", ()),
        "scaling necessity": ("not evaluated", ()),
        "spatial complexity": ("not evaluated", ()),
        "content": ("warn", (2,)),
    }
    assert len(tables.area_rows(replace(audit, findings=()))) == 4


def test_evidence_is_flattened_and_cut() -> None:
    """Nested figures keep their names; what is too much is counted, not dropped in silence."""
    rows = tables.evidence_rows(
        {"a_b": {"c": 1234, "d": [1.5, None]}, "pairs": [{"first": "x", "r": 0.25}], "flag": True, "no": []}
    )
    assert rows == [
        ("a b \u00b7 c", "1,234"),
        ("a b \u00b7 d", "1.5, \u2013"),
        ("pairs 1", "first x, r 0.25"),
        ("flag", "yes"),
        ("no", "none"),
    ]
    many = tables.evidence_rows({str(n): n for n in range(100)})
    assert many[-1] == ("more", "86 further figures in audit.json")
    assert len(tables.evidence_rows({"long": "x" * 10_000})[0][1]) == 140


def test_class_counts_in_few_words() -> None:
    """Equal counts are one number; few classes are listed; many are a range."""
    assert tables.class_counts([5, 5], "ab") == "5 in each of 2 classes"
    assert tables.class_counts([5, 6], "ab") == "a 5, b 6"
    assert tables.class_counts(list(range(100)), ["x"] * 100) == "0 to 99 in 100 classes"
    assert tables.class_counts([], []) == "\u2013"


def test_settings_never_tell_a_path() -> None:
    """Where the data lie stands in the manifest alone."""
    assert tables.settings_rows({"schema": 1, "data": "/home/me", "recipe": {"epochs": 3}}) == [
        ("recipe \u00b7 epochs", "3")
    ]


def test_files_of_an_audit_and_of_a_run(content_of) -> None:
    """The list of files is that of the folder: an audit has no model, a half run no predictions."""
    audit = [name for name, _ in tables.run_files(content_of(audit_only=True))]
    assert audit == [
        "report.html",
        "report.json",
        "figures/",
        "audit.json",
        "issues.csv",
        "config.toml",
        "manifest.json",
    ]
    half = [name for name, _ in tables.run_files(content_of(evaluation=None))]
    assert "model/" in half
    assert "predictions.csv" not in half
    assert "predictions.csv" in [name for name, _ in tables.run_files(content_of())]


def test_score_table_of_very_many_classes(dataset_of, evaluation_of) -> None:
    """Of more than 40 classes those with the lowest F1 are shown, and it is said."""
    many = evaluation_of(dataset_of([f"c{n}" for n in range(60)]))
    shown = tables.worst_classes(many)
    assert len(shown) == 40
    scores = many.test["per_class"]
    assert max(scores[name]["f1"] for name in shown) <= min(
        scores[name]["f1"] for name in scores if name not in shown
    )
    assert tables.classes_note(many).startswith("Shown are 40 of 60 classes")
    assert tables.classes_note(evaluation_of(dataset_of())) == ""


def test_a_published_set_is_told_by_its_makers(content_of) -> None:
    """An intact published set has its makers and license; changed content has only what was read."""
    import assay

    sample = assay.load("fashion-mnist-sample")
    assert "MIT license" in tables.about(sample)
    assert "arXiv:1708.07747" in tables.about(sample)
    changed = replace(sample, fingerprints={**sample.fingerprints, "test": "0" * 64})
    assert tables.about(changed) == sample.source
    assert tables.about(content_of().dataset) == "arrays in memory"
