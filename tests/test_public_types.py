"""No `Any` in what users call: it tells an editor nothing. Every public name says what it is for."""

import ast
import inspect
import pydoc
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any, get_args, get_origin, get_type_hints

import numpy as np
import pytest

import assay
import assay.sklearn

#: What stands in a file as JSON: its keys are documented beside the file, and a type would only repeat them.
JSON = {
    "Audit": {"dataset", "statistics"},
    "Candidate": {"recipe"},
    "Evaluation": {"model", "parts", "test"},
    "Event": {"figures"},
    "Finding": {"evidence"},
    "Metadata": {"recipe"},
    "ModelData": {"recipe", "scores", "costs"},
    "Results": {"config", "headline", "partition", "recipe"},
}
RECORDS = {"as_record", "from_record"}


def names_in(module: ModuleType) -> dict[str, object]:
    """What a module's annotations may name: its globals, and what it imports for type checkers alone."""
    found = dict(vars(module))
    for node in ast.walk(ast.parse(inspect.getsource(module))):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            exec(compile(ast.Module(node.body, []), module.__name__, "exec"), found)
    return found


def hints_of(thing: Any) -> dict[str, object]:
    return get_type_hints(thing, globalns=names_in(sys.modules[thing.__module__]))


def parts(hint: object) -> Iterator[object]:
    """A hint and the hints in it; those that NumPy's arrays have of themselves left out."""
    yield hint
    if get_origin(hint) not in (np.ndarray, np.dtype):
        for part in get_args(hint):
            for one in part if isinstance(part, list | tuple) else (part,):
                yield from parts(one)


def signatures(thing: Any) -> Iterator[tuple[str, dict[str, object]]]:
    """The annotations of a function; of a class those of its fields and of its public methods."""
    if not inspect.isclass(thing):
        yield thing.__name__, hints_of(thing)
        return
    own = inspect.get_annotations(thing).keys()
    yield "", {name: hint for name, hint in hints_of(thing).items() if name in own and name[0] != "_"}
    for name, value in vars(thing).items():
        function = value.fget if isinstance(value, property) else getattr(value, "__func__", value)
        function = getattr(function, "func", function)
        written = inspect.isfunction(function) and function.__code__.co_filename != "<string>"
        if written and function.__module__.startswith("assay") and name[0] != "_":
            yield name, hints_of(function)


def public() -> dict[str, Any]:
    """The public functions and classes, and every class of ours that signatures name, with its bases."""
    waiting = [getattr(assay, name) for name in assay.__all__ if callable(getattr(assay, name))]
    waiting += [assay.sklearn.AssayClassifier, assay.sklearn.label_quality_weight]
    found: dict[str, Any] = {}
    while waiting:
        thing = waiting.pop()
        if f"{thing.__module__}.{thing.__qualname__}" in found:
            continue
        found[f"{thing.__module__}.{thing.__qualname__}"] = thing
        named = [part for _, hints in signatures(thing) for hint in hints.values() for part in parts(hint)]
        named += thing.__bases__ if inspect.isclass(thing) else ()
        waiting += [n for n in named if inspect.isclass(n) and n.__module__.startswith("assay")]
    return found


PUBLIC = public()


def loose(thing: Any) -> list[str]:
    """Where a public thing says `Any`."""
    allowed = JSON.get(thing.__name__, set()) | RECORDS
    return [
        f"{name}: {key}"
        for name, hints in signatures(thing)
        for key, hint in hints.items()
        if name not in allowed and key not in allowed and Any in parts(hint)
    ]


def test_the_walk_finds_what_is_public() -> None:
    names = {thing.__name__ for thing in PUBLIC.values()}
    assert names >= {"train", "Model", "Audit", "Finding", "Evaluation", "Run", "Dataset", "Split", "Table"}
    assert names >= {"History", "Comparison", "OnnxModel", "Prediction", "AssayClassifier", "AssayError"}


@pytest.mark.parametrize("name", sorted(PUBLIC))
def test_no_signature_says_any(name: str) -> None:
    assert loose(PUBLIC[name]) == []


def test_the_walk_sees_any_wherever_it_stands() -> None:
    """A test that cannot fail would be none."""

    def function(a: dict[str, list[Any]], b: "Any", c: int) -> None: ...

    function.__module__ = __name__
    assert loose(function) == ["function: a", "function: b"]


@pytest.mark.parametrize("name", sorted(PUBLIC))
def test_every_public_thing_says_what_it_is(name: str) -> None:
    """Functions and the public methods of classes: a first line that is a sentence."""
    thing = PUBLIC[name]
    named = [thing]
    if inspect.isclass(thing):
        named += [getattr(thing, n) for n, _ in signatures(thing) if n]
    for one in named:
        first = (inspect.getdoc(one) or "").partition("\n")[0]
        assert len(first) > 10 and not first.startswith("dict("), one


def test_help_reads_like_a_manual() -> None:
    """`help(assay)`: what it is for, an example from data to score, and each public name with its line."""
    text = pydoc.render_doc(assay, renderer=pydoc.plaintext)
    for name in set(assay.__all__) - {"__version__"}:
        assert name in text
    manual = inspect.getdoc(assay) or ""
    for name in set(assay.__all__) - {"__version__"}:
        assert f"assay.{name}" in manual, name
    assert ">>> data = assay.load(" in manual and "docs/" in manual
    assert max(map(len, manual.splitlines())) <= 100
