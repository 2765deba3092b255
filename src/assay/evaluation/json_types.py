"""From the values of this room to JSON types."""

from dataclasses import fields, is_dataclass
from typing import Any


def record_of(value: Any) -> Any:
    """A value as JSON types: dataclasses as objects by field name, tuples as lists, all else as it is."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: record_of(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, tuple):
        return [record_of(part) for part in value]
    return value
