"""Training and a whole audit on one graphics card, and beside it what the processor of that machine takes.

    python benchmarks/gpu.py [--seeds 2] [--minutes 9]

For each recipe and seed: seconds of training alone, after the images are on the card, those of the whole
process, the test accuracy, read once, and what was warned of, such as steps that could not be recorded. The
result names the card. What there is no time for is left out, and the result says so: a figure is written as
soon as it is known. Without a card nothing is measured.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Final

import torch

from assay import evaluate, load, train
from assay.core import durable
from assay.core.cache_folder import cache_folder
from assay.core.events import Event
from measuring import conditions, seconds_of, write_result

NAME: Final = "gpu"
COMMAND: Final = "python benchmarks/gpu.py --seeds {seeds}"

#: Recipe and device of each row, what tells most first.
ROWS: Final = (
    ("mlp", "cuda"),
    ("cnn", "cuda"),
    ("cnn-accurate", "cuda"),
    ("mlp", "cpu"),
    ("cnn-best", "cuda"),
)


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--seeds", type=int, default=2)
    options.add_argument("--minutes", type=float, default=9.0, help="begin nothing after these")
    options.add_argument("--only", nargs=3, metavar=("RECIPE", "DEVICE", "SEED"), help="what a process does")
    asked = options.parse_args()
    if not torch.cuda.is_available():
        print("There is no graphics card that torch can use: nothing was measured.", file=sys.stderr)
        return 0
    if asked.only:
        recipe, device, seed = asked.only
        print(json.dumps(one(recipe, device, int(seed))))
        return 0
    before = conditions() | {"card": torch.cuda.get_device_name(), "cuda": torch.version.cuda}
    ends, figures = time.monotonic() + 60 * asked.minutes, {"rows": [], "left_out": []}
    for what in [*((*row, str(seed)) for row in ROWS for seed in range(asked.seeds)), ("audit",)]:
        if time.monotonic() > ends:
            figures["left_out"].append(" ".join(what))
        else:
            figures["rows"].append(audited() if what == ("audit",) else whole(what))
        write_result(NAME, COMMAND.format(seeds=asked.seeds), before, figures)
    return 0


def one(recipe: str, device: str, seed: int) -> dict[str, Any]:
    """Train on 54,000 images in this process. A first epoch pays for what is loaded at first use."""
    data = load("fashion-mnist")
    train(data, recipe, device=device, seed=seed, epochs=1)
    events: list[Event] = []
    started = time.perf_counter()
    model = train(data, recipe, device=device, seed=seed, on_event=events.append)
    seconds = time.perf_counter() - started
    warnings = [event.figures["message"] for event in events if event.event == "warning"]
    accuracy = evaluate(model, data).accuracy
    return {"training_seconds": round(seconds, 2), "test_accuracy": accuracy, "warnings": warnings}


def whole(what: tuple[str, ...]) -> dict[str, Any]:
    """A row, with the seconds of its whole process."""
    started = time.perf_counter()
    command = [sys.executable, __file__, "--only", *what]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    found = json.loads(done.stdout.splitlines()[-1])
    seconds = round(time.perf_counter() - started, 1)
    return dict(zip(("recipe", "device", "seed"), what, strict=True)) | found | {"process_seconds": seconds}


def audited() -> dict[str, Any]:
    """Seconds of `assay audit` of the 70,000 images, nothing kept."""
    durable.remove(cache_folder() / "audits")
    with tempfile.TemporaryDirectory() as folder:
        seconds = seconds_of([sys.executable, "-m", "assay", "audit", "--out", Path(folder) / "run", "-q"])
    return {"audit_seconds": round(seconds, 1)}


if __name__ == "__main__":
    sys.exit(main())
