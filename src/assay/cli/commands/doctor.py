"""`assay doctor`: versions, device, cache, what is missing and the command that installs it."""

import os
import shutil
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from assay.cli import options as o
from assay.core.durable import TEMPORARY

#: Extra, the module it brings, and what it is for.
EXTRAS = (("train", "torch", "training and prediction"),)


def doctor(
    json: Annotated[bool, typer.Option("--json", help="One JSON object instead of lines.")] = False,
    debug: o.Debug = False,  # noqa: ARG001  read from the raw arguments, before parsing can fail
) -> None:
    """Show versions, device, cache, what is missing.

    For everything that is missing: the command that installs it. What killed commands left in the cache,
    or audits by Ray among the temporary files, is removed and counted.
    """
    import json as json_format

    facts = dict(_facts())
    if json:
        sys.stdout.write(json_format.dumps(facts, sort_keys=True) + "\n")
        return
    for key, value in facts.items():
        sys.stdout.write(f"{key:<14}{value}\n")
    sys.stdout.write(f"\nNext: {'assay run' if find_spec('torch') else 'assay audit'} fashion-mnist-sample\n")


def _facts() -> Iterator[tuple[str, str]]:
    from assay.core.machine import library_versions, machine_facts

    machine = machine_facts()
    yield from library_versions().items()
    yield "python", f"{machine['python']} ({sys.executable})"
    yield "machine", f"{machine['system']} {machine['processor']}, {machine['cores']} cores"
    yield from _extras()
    yield "device", _device()
    yield from _cache()


def _extras() -> Iterator[tuple[str, str]]:
    for extra, module, purpose in EXTRAS:
        if find_spec(module) is None:
            yield f"[{extra}]", f'missing, needed for {purpose}: pip install "assay[{extra}]"'


def _device() -> str:
    if find_spec("torch") is None:
        return "unknown without torch"
    from assay.training.device import resolve_device

    return str(resolve_device("auto"))


def _cache() -> Iterator[tuple[str, str]]:
    from assay.core.cache_folder import cache_folder

    folder = cache_folder()
    existing = next(p for p in (folder, *folder.parents) if p.exists())
    writable = os.access(existing, os.W_OK)
    free = shutil.disk_usage(existing).free
    state = "writable" if writable else "NOT WRITABLE: set ASSAY_CACHE"
    yield "cache", f"{folder} ({state}, {free / 2**30:.1f} GiB free)"
    yield from _litter(folder)
    yield from _ray_litter()
    yield "fashion-mnist", _fashion_mnist_state(folder)


def _litter(cache: Path) -> Iterator[tuple[str, str]]:
    """What killed commands left in the cache: removed, or why it is still there."""
    from assay.core import durable

    places = [cache, *(p for p in sorted(cache.glob("*")) if p.is_dir() and not p.is_symlink())]
    places = [p for p in places if not p.name.startswith(TEMPORARY)]
    found = [litter for place in places for litter in durable.leftovers(place)]
    if not found:
        return
    kept = [litter for place in places for litter in durable.remove_leftovers(place)]
    yield "leftovers", f"{len(found) - len(kept):,} removed that killed commands left in the cache"
    if kept:
        yield "still there", f"remove yourself: {', '.join(map(str, kept))}"


def _ray_litter() -> Iterator[tuple[str, str]]:
    """What killed audits by Ray left in the folder of temporary files."""
    from assay.workflow.engines.ray_folder import remove_leftovers, short_place

    removed, kept = remove_leftovers()
    if removed:
        yield "ray leftovers", f"{len(removed):,} removed that killed audits left in {short_place()}"
    if kept:
        yield "ray kept", f"remove yourself: {', '.join(map(str, kept))}"


def _fashion_mnist_state(folder: Path) -> str:
    kept = [p.name for p in folder.glob("fashion-mnist*") if (p / "manifest.json").exists()]
    return f"in the cache ({kept[0]})" if kept else "not in the cache yet: assay fetch fashion-mnist"
