"""Time and memory of a whole audit of color photographs of 224 pixels, as the folder grows.

    python benchmarks/photo_growth.py [--images 2000 10000 50000] [--work DIR]

Pictures are made by a seed and saved as JPEG, a folder for each of six classes: smooth color noise, a shape
of the class's tone, and grain. Each audit is a process of its own, with nothing kept from an earlier one;
seconds are of processor time, children included. Pictures that lie in DIR are used again; the result is
written after each size. 50,000 pictures take 1.5 GB.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

import numpy as np
from PIL import Image, ImageDraw

from measuring import RESULTS, conditions, write_result

NAME: Final = "photo_growth"
SIDE: Final = 224
CLASSES: Final = 6
COMMAND: Final = "python benchmarks/photo_growth.py"


def picture(row: int) -> Image.Image:
    """An image of class `row % CLASSES`, the same for the same row."""
    rng = np.random.default_rng([row, 224])
    noise = rng.integers(0, 256, (9, 9, 3), dtype=np.uint8)
    made = Image.fromarray(noise).resize((SIDE, SIDE), Image.Resampling.BICUBIC)
    tone = np.random.default_rng([row % CLASSES, 5]).integers(60, 196, 3) + rng.integers(-40, 41, 3)
    left, top = rng.integers(20, 90, 2)
    width, height = rng.integers(60, 120, 2)
    draw = ImageDraw.Draw(made)
    box, color = (int(left), int(top), int(left + width), int(top + height)), tuple(map(int, tone))
    (draw.ellipse if row % CLASSES % 2 else draw.rectangle)(box, fill=color)
    grain = rng.normal(0, 6, (SIDE, SIDE, 1))
    return Image.fromarray(np.clip(np.asarray(made) + grain, 0, 255).astype(np.uint8))


def make(folder: Path, count: int) -> Path:
    """The folder of so many pictures, unless it lies there already."""
    whole = folder / str(count)
    done = folder / f"{count}.done"
    if done.exists():
        return whole
    for label in range(CLASSES):
        (whole / f"class-{label}").mkdir(parents=True, exist_ok=True)
    for row in range(count):
        picture(row).save(whole / f"class-{row % CLASSES}" / f"{row:06}.jpg", quality=88)
    done.touch()
    return whole


def one_size(folder: Path, count: int) -> dict[str, Any]:
    """Processor seconds of user and system, and the peak of the largest process, of one whole audit."""
    data = make(folder, count)
    with tempfile.TemporaryDirectory(prefix="assay-growth-") as place:
        command = [sys.executable, "-m", "assay", "audit", data, "--out", Path(place) / "run", "-q"]
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(command, check=True, env={**os.environ, "ASSAY_CACHE": str(Path(place) / "cache")})
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        audit = json.loads((Path(place) / "run" / "audit.json").read_text("utf-8"))
    user, system = after.ru_utime - before.ru_utime, after.ru_stime - before.ru_stime
    return {
        "images": count,
        "processor_seconds": round(user + system, 1),
        "system_share": round(system / (user + system), 3),
        "milliseconds_an_image": round(1000 * (user + system) / count, 2),
        "peak_megabytes": round(after.ru_maxrss / 1024),
        "warnings": sum(finding["verdict"] != "pass" for finding in audit["findings"]),
        "commit": conditions()["commit"],
    }


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--images", type=int, nargs="+", default=[2_000, 10_000, 50_000])
    options.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()) / "assay-photo-growth")
    options.add_argument("--one", type=int, help="what each process does: this size")
    asked = options.parse_args()
    if asked.one:
        print(json.dumps(one_size(asked.work, asked.one)))
        return
    before = conditions()
    for count in asked.images:
        command = [sys.executable, __file__, "--one", str(count), "--work", asked.work]
        done = subprocess.run(list(map(str, command)), check=True, stdout=subprocess.PIPE, text=True)
        row = json.loads(done.stdout.splitlines()[-1])
        rows = [r for r in so_far() if r["images"] != count] + [row]
        write_result(NAME, COMMAND, before, {"rows": sorted(rows, key=lambda r: r["images"])})


def so_far() -> list[dict[str, Any]]:
    path = RESULTS / f"{NAME}.json"
    return json.loads(path.read_text("utf-8"))["figures"]["rows"] if path.exists() else []


if __name__ == "__main__":
    main()
