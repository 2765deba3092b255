"""The one table of engines that run shards by themselves."""

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from assay.core.errors import AssayError
from assay.core.events import OnEvent
from assay.core.text import choices
from assay.workflow.engines.local import processes, serial
from assay.workflow.engines.on_ray import need_ray, ray

#: Runs commands by name of their shard, `workers` at once (None: as many as there are processors).
Engine = Callable[[Mapping[str, Sequence[str]], int | None, OnEvent], None]

#: Every engine, by name.
ENGINES: Final[Mapping[str, Engine]] = {"serial": serial, "processes": processes, "ray": ray}


def is_elsewhere(name: str) -> bool:
    """Whether an engine's processes may run on other machines: Ray's, on a cluster that is there already."""
    return name == "ray" and bool(os.environ.get("RAY_ADDRESS"))


def engine_named(name: str) -> Engine:
    """The engine of a name. Raises AssayError `bad-value`, and `missing-extra` for one not installed."""
    if name not in ENGINES:
        what = f"there is no engine {name!r}"
        raise AssayError("bad-value", "--engine", what, f"{choices(name, list(ENGINES))}.")
    if name == "ray":
        need_ray()
    return ENGINES[name]
