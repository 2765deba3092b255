import pytest

from assay.reports.findings import wording


def test_counts_have_the_right_noun() -> None:
    """One thing is singular; thousands are grouped."""
    assert wording.count(1, "image") == "1 image"
    assert wording.count(60000, "image") == "60,000 images"
    assert wording.count(2, "class", "classes") == "2 classes"
    assert wording.count(1234) == "1,234"


def test_percent_and_decimal() -> None:
    """A share is never broken from its sign; an undefined value is a dash, not 0."""
    assert wording.percent(0.5022, 1) == "50.2\u00a0%"
    assert wording.percent(None) == wording.decimal(None) == "\u2013"
    assert wording.decimal(0.88125, 4) == "0.8812"
    assert wording.decimal(-0.0001, 2) == "0.00"


@pytest.mark.parametrize(
    ("words", "text"),
    [([], "none"), (["a"], "a"), (["a", "b"], "a and b"), (["a", "b", "c", "d"], "a, b and 2 more")],
)
def test_listed(words: list[str], text: str) -> None:
    """Long lists are cut and say by how much."""
    assert wording.listed(words, 2) == text


def test_names_are_made_visible_and_cut() -> None:
    """A class name cannot reorder or break a sentence, nor fill the page."""
    assert wording.name("a\u202eb\n") == "a\\u202eb\\n"
    assert len(wording.name("x" * 5000)) == 40


def test_prose_escapes_before_it_marks() -> None:
    """Backticks become code; what stands inside them is still text."""
    assert wording.prose("use `<b>` & go") == "use <code>&lt;b&gt;</code> &amp; go"


def test_kilobytes_as_summaries_write_them() -> None:
    """407,080 bytes are the well-known 397.54 KB."""
    assert wording.kilobytes(407_080) == "397.54 KB"


def test_differences_have_their_sign() -> None:
    """A difference of shares is told in points, so that nobody takes it for a share."""
    assert wording.points(0.0123) == "+1.23 points"
    assert wording.points(-0.5, 0) == "-50 points"
    assert wording.points(None) == "\N{EN DASH}"
