"""Every public name has an example, and each does what it shows."""

import doctest
import inspect
from pathlib import Path
from types import ModuleType

import pytest

import assay
import assay.sklearn

EXAMPLES: dict[str, object] = {"assay": assay} | {
    name: getattr(source, name)
    for source, names in (
        (assay, assay.__all__),
        (assay.sklearn, ("AssayClassifier", "label_quality_weight")),
    )
    for name in names
    if name != "__version__"
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_example_does_what_it_shows(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In an empty folder, with nothing imported: as somebody would paste it."""
    monkeypatch.chdir(tmp_path)
    thing = EXAMPLES[name]
    text = inspect.getdoc(thing) if isinstance(thing, ModuleType) else thing.__doc__
    example = doctest.DocTestParser().get_doctest(text or "", {}, name, None, 0)
    assert example.examples, f"{name} shows no example"
    found = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE).run(example)
    assert found.failed == 0, capsys.readouterr().out
