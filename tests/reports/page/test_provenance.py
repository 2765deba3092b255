import html
import json
import re

import pytest

from assay.reports.page.provenance import FORMATS, Numbers, pointer

RECORD = {"test": {"per_class": {"T-shirt/top ~": {"recall": 0.88125}}, "n": 1234, "gone": None}}


def test_pointer_is_rfc_6901() -> None:
    """Slashes and tildes in class names are escaped as JSON pointers want them."""
    assert pointer("e.json", "per_class", "T-shirt/top ~", 0) == "e.json#/per_class/T-shirt~1top ~0/0"


def test_element_carries_place_value_and_text() -> None:
    """The full value stands beside the rounded text."""
    element = Numbers({"e.json": RECORD})("percent", "e.json", "test", "per_class", "T-shirt/top ~", "recall")
    assert 'data-key="e.json#/test/per_class/T-shirt~1top ~0/recall"' in element
    assert 'data-value="0.88125"' in element
    assert ">88.1\u00a0%<" in element


def test_hostile_keys_and_values_stay_text() -> None:
    """A class name as a key and a text as a value are escaped."""
    name = '"><script>'
    element = str(Numbers({"e": {name: "</span><b>"}})("text", "e", name))
    assert "<script" not in element
    assert "<b>" not in element
    value = re.search(r'data-value="([^"]*)"', element)
    assert value
    assert json.loads(html.unescape(value[1])) == "</span><b>"


@pytest.mark.parametrize("how", [how for how in FORMATS if how != "text"])
def test_undefined_values_are_dashes(how: str) -> None:
    """Every numeric format shows an undefined value as a dash."""
    assert "\u2013" in Numbers({"e": RECORD})(how, "e", "test", "gone")


def test_a_number_that_is_not_in_the_file_cannot_be_shown() -> None:
    """The page can only say what the files say."""
    with pytest.raises(KeyError):
        Numbers({"e": RECORD})("percent", "e", "test", "accuracy")
