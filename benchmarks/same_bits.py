"""SHA-256 of what fixed runs write: the figures that moving code must not change.

    python benchmarks/same_bits.py --record      write benchmarks/results/same_bits.json
    python benchmarks/same_bits.py               run again and compare with it; exits 1 where a hash differs

Every run is on the sample that is part of the package, through the command line, each in a process and with a
cache of its own. Bits are promised for the same versions on the same kind of machine; the file says which.
"""

import hashlib
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from measuring import RESULTS, conditions, write_result

SEEDS = (0, 1, 2)
FILES = (
    "model/model.safetensors",
    "evaluation.json",
    "audit.json",
    "predictions.csv",
    "issues.csv",
    "history.csv",
)

RUNS = {
    **{f"mlp seed {seed}": f"run --threads 2 --model mlp --seed {seed}" for seed in SEEDS},
    **{f"cnn seed {seed}": f"run --threads 2 --model cnn --epochs 2 --seed {seed}" for seed in SEEDS},
    **{
        f"ensemble seed {seed}": f"run --threads 2 --model cnn-accurate --epochs 1 --seed {seed}"
        for seed in SEEDS
    },
    "reference": "run --model reference",
    "audit with self-test": "audit --self-test",
}


def hashes(arguments: str) -> dict[str, str]:
    """Run one command line on the sample; SHA-256 of each file that it wrote, by name."""
    command, *options = arguments.split()
    with tempfile.TemporaryDirectory(prefix="assay-bits-") as folder:
        environment = {**os.environ, "ASSAY_CACHE": str(Path(folder) / "cache"), "COLUMNS": "120"}
        out = Path(folder) / "run"
        line = [sys.executable, "-m", "assay", command, "fashion-mnist-sample", *options, "-q"]
        subprocess.run([*line, "--out", str(out)], check=True, env=environment, capture_output=True)
        return {name: _sha256(out / name) for name in FILES if (out / name).exists()}


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def main() -> int:
    before = conditions()
    found = {name: hashes(arguments) for name, arguments in RUNS.items()}
    if "--record" in sys.argv:
        write_result("same_bits", "python benchmarks/same_bits.py --record", before, found)
        return 0
    recorded = json.loads((RESULTS / "same_bits.json").read_text("utf-8"))["figures"]
    changed = [
        f"{run}: {file}" for run in RUNS for file in FILES if found[run].get(file) != recorded[run].get(file)
    ]
    print("\n".join(changed) or f"{len(RUNS)} runs: every file has the recorded hash")
    return 1 if changed else 0


if __name__ == "__main__":
    sys.exit(main())
