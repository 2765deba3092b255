"""Signatures say what each function takes: editors complete it, and it cannot differ from what is taken."""

from pathlib import Path
from typing import get_args, get_type_hints

import pytest

import assay
from assay.training.recipes import RECIPES, settings_of
from assay.workflow.settings import (
    AuditSettings,
    RecipeSettings,
    RunSettings,
    Settings,
    TrainSettings,
)


def _keys(kind) -> set[str]:
    return set(get_type_hints(kind))


def test_the_types_are_the_settings() -> None:
    """Every setting of a run and of every recipe, and no other; `data` and `answers` are arguments."""
    of_recipes = {setting for recipe in RECIPES for setting in settings_of(recipe)}
    assert _keys(RecipeSettings) == of_recipes
    assert _keys(RunSettings) == (set(Settings.model_fields) - {"data", "answers"}) | of_recipes
    assert _keys(TrainSettings) == _keys(RunSettings) - {"model"}
    assert _keys(AuditSettings) < _keys(TrainSettings)


@pytest.mark.parametrize("name", sorted(_keys(AuditSettings)))
def test_what_an_audit_is_said_to_take_it_takes(name: str) -> None:
    """None is the default of each of these, or refused with its own words; none is unknown."""
    from torture.job import tiny_dataset

    try:
        assay.audit(tiny_dataset(), **{"checks": ["identity"], name: Settings.model_fields[name].default})
    except assay.AssayError as error:
        assert error.code != "unknown-setting"


def test_what_is_said_to_take_a_path_takes_one() -> None:
    """Each setting whose type names `Path`, and no other way round: a text and a path are one setting."""
    said = {name for name, kind in get_type_hints(TrainSettings).items() if Path in get_args(kind)}
    assert {"features", "decisions", "warm_start", "root"} <= said
    for name in said:
        given = Settings.checked({name: Path("some") / "place"})
        assert getattr(given, name) == getattr(Settings.checked({name: str(Path("some/place"))}), name)


def test_names_are_taken_in_one_text_too(tmp_path: Path) -> None:
    """As on the command line: a text is a sequence of texts too, so no type would tell that it is wrong."""
    assert Settings.checked({"checks": "identity, leakage"}).checks == ("identity", "leakage")
    (tmp_path / "names.txt").write_text("cat\ndog\n")
    for given in ("cat,dog", str(tmp_path / "names.txt"), ["cat", "dog"]):
        assert Settings.checked({"classes": given}).classes == ("cat", "dog")
    with pytest.raises(assay.AssayError) as refused:
        Settings.checked({"classes": "cat,cat"})
    assert refused.value.code == "class-names"
