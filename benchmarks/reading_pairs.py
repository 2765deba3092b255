"""Reading speed against an earlier commit, in pairs: is a set read as fast as before?

    python benchmarks/reading_pairs.py --before 68106aa --images 3000 --pairs 5

Each pair reads the same set with both versions, by turns, in fresh processes with empty caches. What counts
is the processor time of the whole process tree, and of each form the median of the paired ratios. A set of
a few pictures of the same form is read first: what one version loads at once and the other with the first
set (a library for locks, 11 ms) counts for neither; `whole` has the ratios with start and loading. On a busy
machine the ratios spread by a third; run it on a quiet one. `--out FILE` keeps them.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent

#: In a fresh process: processor seconds of reading a set after a small one, its children's too.
READ = """
import resource, sys
from assay import load  # what is imported counts for neither
def spent():
    kinds = resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN
    return sum(u.ru_utime + u.ru_stime for u in map(resource.getrusage, kinds))
load(sys.argv[2])
before = spent()
found = load(sys.argv[1])
print(spent() - before, found.fingerprint)
"""


def make_sets(root: Path, images: int) -> dict[str, Path]:
    """Gray pictures of 28 x 28 as a folder and a table, and ten times as many as an npz."""
    pixels = np.random.default_rng(0).integers(0, 256, (images, 28, 28), np.uint8)
    rows = []
    for number, image in enumerate(pixels):
        path = root / "folder" / f"c{number % 10}" / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(path)
        rows.append(f"folder/{path.parent.name}/{path.name},{path.parent.name}")
    (root / "list.csv").write_text("\n".join(["file,label", *rows]))
    pixels = np.random.default_rng(1).integers(0, 256, (10 * images, 28, 28), np.uint8)
    np.savez(root / "set.npz", images=pixels, labels=np.arange(10 * images) % 10)
    return {"folder": root / "folder", "table": root / "list.csv", "npz": root / "set.npz"}


def read_once(source: Path, data: Path, small: Path) -> tuple[float, float, str]:
    """Processor seconds of one version's reading of a set, those of its whole process, the fingerprint."""
    with tempfile.TemporaryDirectory() as cache:
        environment = {
            **{name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"},
            "PYTHONPATH": str(source),
            "PYTHONPYCACHEPREFIX": str(small.parent.parent / "compiled"),
            "ASSAY_CACHE": cache,
        }
        command = [sys.executable, "-c", READ, str(data), str(small)]
        before = children()
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        whole = children() - before
    seconds, fingerprint = done.stdout.split()
    return float(seconds), whole, fingerprint


def children() -> float:
    """Processor seconds of all processes that this one waited for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> None:
    """Read in pairs, and print the ratios as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--before", default="68106aa")
    parser.add_argument("--images", type=int, default=3000)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        earlier = Path(folder) / "earlier"
        subprocess.run(
            ["git", "worktree", "add", "-q", "--detach", earlier, given.before], cwd=ROOT, check=True
        )
        try:
            sets = make_sets(Path(folder) / "sets", given.images)
            found = compare(earlier / "src", sets, make_sets(Path(folder) / "small", 20), given.pairs)
        finally:
            subprocess.run(["git", "worktree", "remove", "--force", earlier], cwd=ROOT, check=True)
    now = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, check=True, capture_output=True, text=True
    )
    facts = {"before": given.before, "now": now.stdout.strip(), "images": given.images, "pairs": given.pairs}
    text = json.dumps({**facts, "load_average": round(os.getloadavg()[0], 1), "forms": found}, indent=1)
    print(text)
    if given.out is not None:
        given.out.write_text(f"{text}\n")


def compare(
    earlier: Path, sets: dict[str, Path], small: dict[str, Path], pairs: int
) -> dict[str, dict[str, object]]:
    """Of each form the median seconds of both versions, and median, least and largest paired ratio."""
    now = ROOT / "src"
    found: dict[str, dict[str, object]] = {}
    for form, data in sets.items():
        rounds = []
        for number in range(pairs):
            order = [earlier, now] if number % 2 else [now, earlier]
            rounds.append({source: read_once(source, data, small[form]) for source in order})
            if len({fingerprint for _, _, fingerprint in rounds[-1].values()}) > 1:
                raise SystemExit(f"{form}: the two versions read different sets")
        ratios, whole = ([pair[now][i] / pair[earlier][i] for pair in rounds] for i in (0, 1))
        found[form] = {
            "before": round(statistics.median(pair[earlier][0] for pair in rounds), 4),
            "now": round(statistics.median(pair[now][0] for pair in rounds), 4),
            "ratio": round(statistics.median(ratios), 3),
            "ratios": [round(min(ratios), 3), round(max(ratios), 3)],
            "whole": round(statistics.median(whole), 3),
        }
    return found


if __name__ == "__main__":
    main()
