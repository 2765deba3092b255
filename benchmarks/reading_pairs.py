"""Reading speed against an earlier commit, in pairs: is a set read as fast as before?

    python benchmarks/reading_pairs.py --before 68106aa --images 3000 --pairs 5

Each pair reads the same set with both versions, by turns, in fresh processes with empty caches. What counts
is the processor time of the whole process tree, and of each form the median of the paired ratios. On a busy
machine the ratios spread by a third; run it on a quiet one.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent

#: In a fresh process: processor seconds of reading a set, its children's too.
READ = """
import resource, sys
from assay import load  # what is imported counts for neither
def spent():
    kinds = resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN
    return sum(u.ru_utime + u.ru_stime for u in map(resource.getrusage, kinds))
before = spent()
found = load(sys.argv[1])
print(spent() - before, found.fingerprint)
"""


def make_sets(root: Path, images: int) -> dict[str, Path]:
    """The same gray pictures of 28 x 28 as a folder, a table, and an npz."""
    pixels = np.random.default_rng(0).integers(0, 256, (images, 28, 28), np.uint8)
    rows = []
    for number, image in enumerate(pixels):
        path = root / "folder" / f"c{number % 10}" / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(path)
        rows.append(f"folder/{path.parent.name}/{path.name},{path.parent.name}")
    (root / "list.csv").write_text("\n".join(["file,label", *rows]))
    np.savez(root / "set.npz", images=pixels, labels=np.arange(images) % 10)
    return {"folder": root / "folder", "table": root / "list.csv", "npz": root / "set.npz"}


def read_once(source: Path, data: Path) -> tuple[float, str]:
    """Processor seconds, and the fingerprint, of one version's reading of a set."""
    with tempfile.TemporaryDirectory() as cache:
        environment = {**os.environ, "PYTHONPATH": str(source), "ASSAY_CACHE": cache}
        command = [sys.executable, "-c", READ, str(data)]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    seconds, fingerprint = done.stdout.split()
    return float(seconds), fingerprint


def main() -> None:
    """Read in pairs, and print the ratios as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--before", default="68106aa")
    parser.add_argument("--images", type=int, default=3000)
    parser.add_argument("--pairs", type=int, default=5)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        earlier = Path(folder) / "earlier"
        subprocess.run(
            ["git", "worktree", "add", "-q", "--detach", earlier, given.before], cwd=ROOT, check=True
        )
        try:
            found = compare(earlier / "src", make_sets(Path(folder) / "sets", given.images), given.pairs)
        finally:
            subprocess.run(["git", "worktree", "remove", "--force", earlier], cwd=ROOT, check=True)
    now = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, check=True, capture_output=True, text=True
    )
    facts = {"before": given.before, "now": now.stdout.strip(), "images": given.images, "pairs": given.pairs}
    print(json.dumps({**facts, "load_average": os.getloadavg()[0], "forms": found}, indent=1))


def compare(earlier: Path, sets: dict[str, Path], pairs: int) -> dict[str, dict[str, object]]:
    """Of each form the median seconds of both versions, and median, least and largest paired ratio."""
    found: dict[str, dict[str, object]] = {}
    for form, data in sets.items():
        ratios, old, new = [], [], []
        for number in range(pairs):
            order = [earlier, ROOT / "src"] if number % 2 else [ROOT / "src", earlier]
            seconds = {source: read_once(source, data) for source in order}
            if len({fingerprint for _, fingerprint in seconds.values()}) > 1:
                raise SystemExit(f"{form}: the two versions read different sets")
            old.append(seconds[earlier][0])
            new.append(seconds[ROOT / "src"][0])
            ratios.append(new[-1] / old[-1])
        found[form] = {
            "before": statistics.median(old),
            "now": statistics.median(new),
            "ratio": statistics.median(ratios),
            "ratios": [min(ratios), max(ratios)],
        }
    return found


if __name__ == "__main__":
    main()
