"""The head of a card: YAML between two lines of dashes, as the Hugging Face Hub reads it."""

import json
from collections.abc import Mapping
from typing import Any

from assay.core.text import one_line


def front_matter(values: Mapping[str, Any]) -> str:
    """The head. Values are JSON types, written as JSON, which YAML reads: no text can leave its quotes."""
    lines = [f"{key}: {json.dumps(_visible(value), ensure_ascii=False)}" for key, value in values.items()]
    return "\n".join(["---", *lines, "---", ""])


def _visible(value: Any) -> Any:
    """Characters that YAML does not allow, made visible."""
    if isinstance(value, str):
        return one_line(value)
    if isinstance(value, Mapping):
        return {one_line(str(key)): _visible(item) for key, item in value.items()}
    return [_visible(item) for item in value] if isinstance(value, list | tuple) else value
