"""`assay convert DATA OUT`: the same set in another form."""

from pathlib import Path
from typing import Annotated, Any

import typer

from assay.cli import options as o
from assay.cli.given_settings import settings_from
from assay.cli.option_groups import shell_line, with_options
from assay.core.errors import AssayError


@with_options(o.READING, o.REPORTING)
def convert(
    data: Annotated[str, typer.Argument(metavar="DATA", help="A name or a path.")],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="A folder, or a file .parquet or .npz.")],
    skip_bad: o.SkipBad = None,
    test_fraction: o.TestFraction = None,
    seed: o.Seed = None,
    offline: o.Offline = False,
    **given: Any,
) -> None:
    """Write the same images and labels in another form.

    What is read back from there has the same fingerprint. With --test-fraction a test split is drawn, by
    --seed, and written with it.
    """
    if seed is not None and test_fraction is None:
        fix = "Leave it out, or say how large a test split to draw: --test-fraction 0.2."
        raise AssayError("option-not-used", "--seed", "nothing is drawn here without --test-fraction", fix)
    drawn = {"test_fraction": test_fraction, "seed": seed}
    settings = settings_from({"data": data, "skip_bad": skip_bad, **drawn, **given})
    from assay.cli.closing import close_plain
    from assay.cli.listeners import listening
    from assay.data.convert import convert as write
    from assay.workflow.planning.data import open_data
    from assay.workflow.run_folder import need_writable, refuse_inside

    refuse_inside(out)
    need_writable(out)

    output = o.Output.of(given)
    settings.pop("recipe")
    with listening(output) as on_event:
        dataset = open_data(settings.pop("data"), settings, offline, on_event)
        path = write(dataset, out, on_event)
    images = sum(map(len, dataset.splits.values()))
    headline = f"Wrote {images:,} images to {path} (fingerprint {dataset.fingerprint[:12]})."
    close_plain(headline, [shell_line("assay audit", {"data": path})], output)
