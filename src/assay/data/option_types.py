"""Whether options from Python are of the type that they must be: the command line sees to its own."""

import os
from collections.abc import Mapping
from numbers import Integral, Real
from typing import Any, Final, get_args

import numpy as np

from assay.core.errors import AssayError
from assay.core.text import shortened
from assay.data.values import Kind, Resize

_TEXTS: Final = ("name", "label_column", "path_column", "split_column", "group_column", "group_pattern")
_TRUTHS: Final = ("skip_bad", "follow_links", "skip_unlabelled", "offline")
_WORDS: Final[Mapping[str, tuple[str, ...]]] = {"layout": get_args(Kind), "resize": get_args(Resize)}

#: Seeds from 0, as everywhere.
_SEEDS: Final = 2**32


def check_types(options: Mapping[str, Any]) -> None:
    """Raise AssayError `bad-value` for the first option that is of no type, or no word, that it takes."""
    for name, value in options.items():
        if value is not None and (wanted := _wanted(name, value)):
            raise AssayError("bad-value", name, f"{shortened(repr(value))} is not {wanted}", "Correct it.")
    if options.get("seed", 0) is None:
        raise AssayError("bad-value", "seed", "it is None", "Give a whole number, or leave it out.")


def _wanted(name: str, value: Any) -> str:
    """What an option must be, in words; empty where it is that."""
    if name in _TEXTS:
        return "" if isinstance(value, str) else "text"
    if name in _TRUTHS:
        return "" if isinstance(value, bool | np.bool_) else "True or False"
    if words := _WORDS.get(name):
        return "" if isinstance(value, str) and value in words else f"one of {', '.join(words)}"
    if name == "seed":
        right = _is_number(value, Integral) and 0 <= value < _SEEDS
        return "" if right else f"a whole number from 0 to {_SEEDS - 1}"
    if name == "test_fraction":
        # No fraction or decimal, which NumPy does not round.
        plain = isinstance(value, int | float | np.integer | np.floating)
        return "" if plain and _is_number(value, Real) else "a float"
    if name == "split_names":
        texts = isinstance(value, Mapping) and all(isinstance(text, str) for text in value.values())
        return "" if texts or isinstance(value, str) else "a mapping from split to folder"
    if name == "root":
        return "" if isinstance(value, str | os.PathLike) else "a path"
    return ""


def _is_number(value: Any, kind: type) -> bool:
    return isinstance(value, kind) and not isinstance(value, bool | np.bool_)
