"""Whether parsed TOML is the configuration of a run, as far as a command reads it before its settings."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from assay.workflow.recorded.problem import STRICT, problem_of

#: The name of a recipe becomes that of a folder.
_Name = Annotated[str, Field(pattern=r"^[^/\x00]{1,200}$")]


class _Config(BaseModel):
    """`Settings` holds the rest of the fields, and says what is wrong with them."""

    model_config = STRICT

    command: Literal["audit", "compare", "evaluate", "run", "train"] = "run"
    data: str | None = None
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 0
    seeds: Annotated[int, Field(ge=1, le=1000)] = 1
    recipe: dict[str, Any] = {}
    recipes: dict[_Name, dict[str, Any]] = {}


def config_problem(config: Mapping[str, Any]) -> str:
    """Why parsed TOML is no configuration of a run; empty if it may be one."""
    if "data" not in config and config.get("command") != "compare":
        return "data: they are not named"
    return problem_of(_Config, config)
