"""`Place`: rank and number of the processes that train one net together. Loads no torch."""

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

from assay.core.errors import AssayError
from assay.training.recipes import NetRecipe, Recipe

#: What torchrun sets for each process that it starts; also `--workers`, with a rendezvous of its own.
_RANK: Final = "RANK"
_COUNT: Final = "WORLD_SIZE"
_LOCAL_RANK: Final = "LOCAL_RANK"
_LOCAL_COUNT: Final = "LOCAL_WORLD_SIZE"
_ADDRESS: Final = ("MASTER_ADDR", "MASTER_PORT")
_RENDEZVOUS: Final = "ASSAY_RENDEZVOUS"

#: How long a machine's name may take to be known, and how often it is looked up.
_NAMING_SECONDS: Final = 60
_POLL_SECONDS: Final = 0.5


def _nobody() -> None:
    """What a process does that can see of no other whether it lives."""


@dataclass(frozen=True, eq=False)
class Place:
    """One of `count` processes, by its `rank` from 0: the first alone writes and tells.

    local_rank, local_count: the same among those of its machine. rendezvous: a file by which processes of one
    machine find each other; None goes by the address in the environment, as torchrun sets it.
    watch: asked while the others are waited for; raises where one has ended. wanted: somebody takes the model
    of this process; of a mere helper nobody does.
    """

    rank: int = 0
    count: int = 1
    local_rank: int = 0
    local_count: int = 1
    rendezvous: Path | None = None
    watch: Callable[[], None] = _nobody
    wanted: bool = True

    def environment(self) -> dict[str, str]:
        """What a process at this place is told by its environment."""
        numbers = {_RANK: self.rank, _COUNT: self.count}
        numbers |= {_LOCAL_RANK: self.local_rank, _LOCAL_COUNT: self.local_count}
        return {**{name: str(n) for name, n in numbers.items()}, _RENDEZVOUS: str(self.rendezvous)}


def given_place(environment: Mapping[str, str] = os.environ) -> Place:
    """The place of this process: alone, unless torchrun, or whoever sets what it sets, says otherwise.

    Raises AssayError `bad-value` where only half of it is said.
    """
    count = _number(environment, _COUNT, 1)
    if count < 2:
        return Place()
    rendezvous = environment.get(_RENDEZVOUS)
    needed = (_RANK, *(() if rendezvous else _ADDRESS))
    missing = [name for name in needed if not environment.get(name)]
    rank = _number(environment, _RANK, 0)
    if missing or not 0 <= rank < count:
        what = f"it is {count}, but {missing[0]} is not set" if missing else f"it is {count}, and RANK {rank}"
        fix = f"Start the processes by torchrun, or unset {_COUNT} to train with one."
        raise AssayError("bad-value", _COUNT, what, fix)
    local_rank, local_count = _number(environment, _LOCAL_RANK, 0), _number(environment, _LOCAL_COUNT, 1)
    # Who sets the ranks by hand may leave out how many are on one machine.
    if environment.get(_LOCAL_COUNT, "").strip() and not local_rank < local_count <= count:
        what = f"it is {local_count}, {_LOCAL_RANK} {local_rank} and {_COUNT} {count}"
        raise AssayError(
            "bad-value", _LOCAL_COUNT, what, f"Start the processes by torchrun, or unset {_COUNT}."
        )
    if rendezvous:
        _need_folder(rendezvous)
    else:
        _need_address(environment[_ADDRESS[0]], environment[_ADDRESS[1]])
    return Place(rank, count, local_rank, local_count, Path(rendezvous) if rendezvous else None)


def _need_folder(rendezvous: str) -> None:
    if "\0" in rendezvous or not Path(rendezvous).parent.is_dir() or _is_special(Path(rendezvous)):
        fix = "Unset it: --workers sets it for the processes that it starts, and torchrun needs none."
        raise AssayError("bad-value", _RENDEZVOUS, "there is no place for a file by which to meet", fix)


def _is_special(path: Path) -> bool:
    return path.exists() and not path.is_file()


def _need_address(host: str, port: str) -> None:
    """Raise AssayError `bad-value` for an address that cannot be one: torch would try it for days."""
    fix = f"Start the processes by torchrun, or unset {_COUNT} to train with one."
    if not (port.isascii() and port.isdecimal() and len(port) <= 5 and 0 < int(port) < 1 << 16):
        raise AssayError("bad-value", _ADDRESS[1], f"{port[:40]!r} is no port", fix)
    if not _is_known(host):
        what = f"no machine was known by the name {host[:100]!r} for {_NAMING_SECONDS} seconds"
        raise AssayError("bad-value", _ADDRESS[0], what, fix)


@lru_cache(maxsize=8)
def _is_known(host: str) -> bool:
    """Whether a name leads to a machine, or does so soon: a cluster may name its machines as they start."""
    import socket

    until = time.monotonic() + _NAMING_SECONDS
    while True:
        try:
            return bool(socket.getaddrinfo(host, None))
        except ValueError:  # it can be no name: with a blank, or too long
            return False
        except OSError:
            if time.monotonic() >= until or not host.isprintable() or " " in host:
                return False
            time.sleep(_POLL_SECONDS)


def check_workers(recipe: Recipe, count: int) -> None:
    """Raise AssayError `bad-value` where so many processes cannot train a recipe together."""
    if count < 2:
        return
    if not isinstance(recipe, NetRecipe):
        what = f"{recipe.name} is fitted at once, by one process"
        raise AssayError("bad-value", "--workers", what, "Leave --workers out, or choose a net.")
    if recipe.batch_size < count:
        what = f"{count} workers share batches of {recipe.batch_size} images: some would have none"
        raise AssayError("bad-value", "--workers", what, "Use fewer --workers, or a larger --batch-size.")


def _number(environment: Mapping[str, str], name: str, otherwise: int) -> int:
    text = environment.get(name, "").strip() or str(otherwise)
    if not (text.isascii() and text.isdecimal() and len(text) <= 9):
        fix = f"Start the processes by torchrun, or unset {name}."
        raise AssayError("bad-value", name, f"{text[:40]!r} is no number of processes", fix)
    return int(text)
