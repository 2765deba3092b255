"""`load` as everybody calls it: reading data, with the audit's eye for near copies where a split is drawn."""

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec

from assay.data import load as reading
from assay.data.near_copies import NearCopies
from assay.data.values import Dataset

_Parameters = ParamSpec("_Parameters")


def _minding_near_copies(read: Callable[_Parameters, Dataset]) -> Callable[_Parameters, Dataset]:
    """`read`, given what finds near copies where a test split is asked for."""

    @wraps(read)
    def load(*arguments: _Parameters.args, **options: _Parameters.kwargs) -> Dataset:
        if options.get("test_fraction") is None:
            return read(*arguments, **options)
        # Only now: an audit's rooms take a tenth of a second to load.
        from assay.audits.kept import code_version
        from assay.audits.near_pairs import near_pairs

        finder: dict[str, Any] = {"near_copies": NearCopies(near_pairs, code_version())}
        return read(*arguments, **{**finder, **options})

    return load


load = _minding_near_copies(reading.load)
