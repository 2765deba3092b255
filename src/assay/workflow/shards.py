"""Sharded audit: each process measures a share of the images alone, and one joins them."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tomli_w

from assay.audits.parts.measured import measure_part, merge_parts
from assay.audits.parts.reading import read_parts
from assay.audits.parts.records import read_record
from assay.audits.parts.writing import part_folder, write_part
from assay.audits.registry import known_checks
from assay.core import durable
from assay.core.cache_folder import scratch_in_cache
from assay.core.errors import AssayError
from assay.core.events import Event, OnEvent, ignore, stage
from assay.core.machine import thread_count
from assay.data.load import as_request
from assay.data.piece import MOST, Piece, Shard, parse_shard
from assay.data.shards import read_shard
from assay.data.values import PURPOSES
from assay.estimators.passes.shared_passes import Helpers
from assay.features import backbones
from assay.workflow import run_folder
from assay.workflow.engines.table import engine_named, is_elsewhere
from assay.workflow.load import losses
from assay.workflow.planning.command_settings import command_settings, refuse_untested
from assay.workflow.planning.data import open_data
from assay.workflow.planning.plan import Plan, keep_inputs, plan_of_data
from assay.workflow.recorded import run_record
from assay.workflow.stages import Run, examined, report


@dataclass(frozen=True)
class ShardDone:
    """A part that lies ready.

    images: how many it has; left_out: how many more could not be read. new: it was not there before.
    parts: how many of the shards' parts lie beside it, itself included.
    """

    shard: Shard
    folder: Path
    images: int
    left_out: int
    new: bool
    parts: int

    @property
    def all_there(self) -> bool:
        """Can the parts be merged?"""
        return self.parts == self.shard.count

    def told(self) -> str:
        """In words."""
        more = f", {self.left_out:,} more could not be read" if self.left_out else ""
        ready = "" if self.new else "\nThat part was there already, and stays as it was."
        return (
            f"Shard {self.shard}: {self.images:,} images measured{more}.\n"
            f"Part: {self.folder} ({self.parts} of {self.shard.count} are there){ready}"
        )


def run_shard(
    shard: str | Shard,
    data: str | Path = "fashion-mnist",
    *,
    out: str | Path,
    offline: bool = False,
    on_event: OnEvent = ignore,
    **given: Any,
) -> ShardDone:
    """Measure one share of the images, and write what `run_merge` needs of them into the folder `out`.

    shard: which of how many, as "3/8". data, given: as of an audit; every shard takes the same. A part that
    is there already is made again, compared and kept. Raises AssayError `bad-value`, `part-foreign` or
    `part-version` where another part lies in its place, and whatever is wrong with the data.
    """
    share = parse_shard(shard) if isinstance(shard, str) else shard
    settings, _ = command_settings("audit", str(data), given)
    checks = known_checks(settings.checks)
    refuse_untested(settings)
    if settings.backbone is not None:
        backbones.require(settings.backbone)
    folder, config = part_folder(Path(out), share), settings.as_config()
    if folder.exists():
        read_record(folder)  # a damaged one is told before any work
    request = as_request(data, **settings.reading(), offline=offline, on_event=on_event)
    durable.remove_leftovers(durable.make_directory(Path(out)))
    with scratch_in_cache() as scratch:
        with stage(on_event, "load") as figures:
            piece = read_shard(request, share, scratch)
            figures.update(_loaded(piece))
        with stage(on_event, "audit") as figures:
            figures.update(areas={}, decisions={})
            own = settings.features is not None
            part = measure_part(piece, checks, own, on_event, settings.backbone)
        new = write_part(folder, part, config)
    images = sum(len(split) for split in piece.splits.values())
    numbers = range(1, share.count + 1)
    on_event(Event("run-finished", "audit", {"path": str(folder), "shard": str(share), "images": images}))
    there = sum(part_folder(Path(out), Shard(number, share.count)).exists() for number in numbers)
    return ShardDone(share, folder, images, len(piece.left_out), new, there)


def _loaded(piece: Piece) -> dict[str, Any]:
    """What is announced of a piece, as of a data set."""
    classes = piece.whole.classes
    return {
        "name": f"{piece.whole.name}, shard {piece.shard}",
        "location": piece.location,
        "classes": list(classes),
        "partition": [
            {
                "split": name,
                "count": len(split),
                "per_class": split.counts(len(classes)).tolist(),
                "purpose": PURPOSES.get(name, ""),
            }
            for name, split in piece.splits.items()
        ],
        "notes": list(piece.whole.notes),
        "left_out": losses(piece.left_out),
    }


def run_engine(
    data: str | Path = "fashion-mnist",
    *,
    engine: str,
    workers: int | None = None,
    out: str | Path | None = None,
    offline: bool = False,
    on_event: OnEvent = ignore,
    **given: Any,
) -> Run:
    """The audit of the whole, its shards run by an engine and merged.

    data, out, given: as of an audit. workers: processes at once, and shards; None: the processors there are.
    Raises AssayError as `run_shard` and `run_merge` do, and `bad-value` for an engine that does not exist.
    """
    run, count = engine_named(engine), _workers(workers)
    settings, _ = command_settings("audit", str(data), given)
    known_checks(settings.checks)
    run_folder.need_writable(out)
    if out is not None:
        run_folder.refuse_foreign(Path(out))
    with scratch_in_cache() as scratch:
        config, parts = scratch / "config.toml", scratch / "parts"
        durable.write_text(config, tomli_w.dumps(settings.as_config()))
        command = [sys.executable, "-m", "assay", "audit", str(data), "--config", str(config)]
        command += ["--out", str(parts), "-q", *(["--offline"] if offline else [])]
        shards = [str(Shard(number, count)) for number in range(1, count + 1)]
        with stage(on_event, "shards", engine=engine, shards=count):
            run({shard: [*command, "--shard", shard] for shard in shards}, workers, on_event)
        # On this machine threads of the merge do as much as processes, with no files between them.
        if is_elsewhere(engine):
            return run_merge(parts, out=out, engine=engine, workers=workers, on_event=on_event)
        return run_merge(parts, out=out, on_event=on_event)


def _workers(given: int | None) -> int:
    """How many workers: as many as there are processors where nobody says. Raises AssayError `bad-value`."""
    count = thread_count() if given is None else given
    if not 1 <= count <= MOST:
        raise AssayError("bad-value", "--workers", f"{count} is no number of workers", "Give 1 or more.")
    return count


def _helpers(engine: str | None, workers: int | None, on_event: OnEvent) -> Helpers | None:
    """The processes that share the merge's passes over labels, of an engine that has several at once."""
    if engine is None and workers is None:
        return None
    name, count = engine or "processes", _workers(workers)
    run = engine_named(name)
    if count == 1 or name == "serial":
        return None

    def warnings(event: Event) -> None:
        if event.event == "warning":  # how many commands are done is no progress of the audit
            on_event(event)

    return Helpers(count, lambda commands: run(commands, workers, warnings))


def run_merge(
    parts: str | Path,
    *,
    out: str | Path | None = None,
    engine: str | None = None,
    workers: int | None = None,
    again: bool = False,
    on_event: OnEvent = ignore,
) -> Run:
    """The audit of the whole from the parts in a folder, in a run folder as of `run_audit`.

    engine, workers: whose processes share the passes over labels, and how many at once; by itself `processes`
    where workers are named, and none where neither is. No file depends on it. again: in `out` lies the
    finished audit of these parts, whose report is written again.
    Raises AssayError: `parts-missing`, `part-twice`, `part-foreign`, `part-version`, `part-damaged`,
    `engine-failed`, `bad-value` for an engine that does not exist; again: `run-folder-finished` where it is
    another audit, `data-changed`, `run-damaged`.
    """
    helpers = _helpers(engine, workers, on_event)
    run_folder.need_writable(out)
    if out is not None and not again:
        run_folder.refuse_foreign(Path(out))
    stored = read_parts(Path(parts))
    config = {key: value for key, value in stored[0].settings.items() if key != "schema"}
    settings, probabilities = command_settings("audit", config["data"], config)
    if settings.backbone is not None:
        backbones.require(settings.backbone)
    names = stored[0].part.piece.whole.counts
    images = {name: [one.images[name] for one in stored] for name in names}
    measured, count = merge_parts([one.part for one in stored], images, on_event), len(stored)
    del stored  # figures of a million images take 200 MB, and are in `measured` once more
    dataset = open_data(measured.dataset, {}, offline=True, on_event=on_event)
    folder = Path(out) if out is not None else run_folder.default_folder(dataset.name, "audit")
    plan = plan_of_data("audit", settings, dataset, folder, probabilities, on_event)
    with _merged_again(plan) if again else run_folder.claim(folder, plan.config()) as claimed:
        if not again:
            keep_inputs(plan, folder)
        claimed.facts["parts"] = {"folder": str(parts), "shards": count}
        results = examined(plan, on_event, measured, helpers)
        report(claimed, plan, results, None, on_event)
    return Run(folder, results.audit, results=results)


@contextmanager
def _merged_again(plan: Plan) -> Iterator[run_folder.RunFolder]:
    """The finished run of a plan, held to write its report again. Errors as of `run_merge`."""
    if not run_record.is_of(plan.folder, plan.config()):
        run_folder.refuse_foreign(plan.folder)
    with run_folder.reopen(plan.folder, run_folder.REPORTED) as opened:
        run_record.need_data(plan.folder, plan.dataset.fingerprint)
        yield opened
