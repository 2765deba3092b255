import csv
import io
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from assay.core.text import (
    choices,
    csv_text,
    html_table,
    in_unicode,
    nearest,
    neutral_cell,
    one_line,
    plain_cell,
    read_csv_text,
)

#: What a CSV file can hold: everything but half characters and NUL, which are written as escapes.
CELLS = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"))


@given(st.text())
def test_one_line_has_nothing_that_moves_or_hides(text):
    """No control, format, surrogate or separator character is left; all others stay."""
    found = one_line(text)
    assert not {unicodedata.category(c) for c in found} & {"Cc", "Cf", "Cs", "Zl", "Zp", "Co", "Cn"}
    found.encode("utf-8")  # raises where half a character is left


def test_one_line_by_hand():
    """Line ends, escape codes and right-to-left overrides are shown; words and accents stay."""
    assert one_line("a\nb\r\x1b[31m\u202ed") == "a\\nb\\r\\x1b[31m\\u202ed"
    assert one_line("Ångström 你好") == "Ångström 你好"
    assert one_line("\udcff") == "\\udcff"


def test_what_utf_8_can_hold_is_the_same_in_each_locale() -> None:
    """Names in UTF-8 that Python read as ASCII, name bytes that are none, and half a pair."""
    for name in ("\u00fcnï", "\u4e8c\udcff", "\udcc3", "plain", "\U0001f600"):
        as_ascii = name.encode("utf-8", "surrogateescape").decode("ascii", "surrogateescape")
        assert in_unicode(as_ascii) == in_unicode(name)
    assert in_unicode("\u00fcnï") == "\u00fcnï"
    assert in_unicode("\u4e8c\udcff") == "\u4e8c\\udcff"
    assert in_unicode("\ud800\u00fc") == "\\ud800\u00fc"


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@A1", "\tx", "\rx", "'quoted"])
def test_formulas_are_neutralized(text):
    """A spreadsheet must not run a cell that came from data (OWASP)."""
    assert neutral_cell(text) == "'" + text
    assert plain_cell(neutral_cell(text)) == text


def test_numbers_and_none_are_written_plainly():
    """-1 as a number is no formula; None is an empty cell."""
    assert [neutral_cell(value) for value in (-1, 0.1, None, True)] == ["-1", "0.1", "", "True"]


@example(rows=[], header=["", "-"])
@given(st.lists(st.lists(CELLS, min_size=2, max_size=2)), st.lists(CELLS, min_size=2, max_size=2))
def test_csv_round_trip(rows, header):
    """What is written is read back, whatever the text; no cell starts a formula (a dash alone is none)."""
    text = csv_text(header, rows)
    assert read_csv_text(text) == (header, rows)
    for row in csv.reader(io.StringIO(text, newline="")):
        assert not any(cell != "-" and cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in row)


def test_a_dash_alone_is_no_formula():
    """It stands for standard input in `predict`'s first column; with anything after it, it is neutralized."""
    assert neutral_cell("-") == "-"
    assert neutral_cell("--") == "'--"
    assert plain_cell("-") == "-"


@given(st.text())
def test_csv_is_always_utf8(text):
    """Names that were no UTF-8 are written as escapes."""
    assert csv_text(["a"], [[text]]).encode("utf-8").startswith(b"a\n")


@pytest.mark.parametrize(
    ("name", "expected"),
    [("mlpp", "mlp"), ("MLP", "mlp"), ("lineer", "linear"), ("zzzzzz", None), ("", None)],
)
def test_nearest(name, expected):
    """Case does not matter; nothing near is nothing."""
    assert nearest(name, ["mlp", "linear"]) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("--lr", "--learning-rate"),
        ("--batch", "--batch-size"),
        ("--output", "--out"),
        ("--Epoch", "--epochs"),
        ("--no-audit", None),
        ("--seed", None),
    ],
)
def test_the_nearest_option_is_told_by_its_letters_and_not_by_its_dashes(name, expected):
    """Two dashes in front are no likeness; initials are."""
    options = ["--out", "--size", "--root", "--epochs", "--learning-rate", "--batch-size"]
    assert nearest(name, options) == expected
    assert nearest("lr", ["mirror", "learning_rate"]) == "learning_rate"


def test_choices_lists_what_there_is():
    """The nearest first, then all, at most twenty."""
    assert choices("mpl", ["mlp", "linear"]) == "Did you mean mlp? There are: mlp, linear"
    assert choices("x", [f"c{i}" for i in range(30)]).endswith("c19, ...")


HOSTILE = "<script>alert(1)</script>\"'&\u202e"


def test_html_is_escaped():
    """Caption, head and cells: text is text."""
    table = html_table([HOSTILE], [[HOSTILE], [3]], HOSTILE)
    assert "<script>" not in table
    assert table.count("&lt;script&gt;") == 3
    assert "\u202e" not in table
