"""Build the wheel, install it into a clean environment, and run the sample and the main job from it."""

import json
import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="assay-wheel-") as folder:
        place = Path(folder)
        _call(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", place, ROOT)
        wheel = next(place.glob("*.whl"))
        python = _environment(place / "venv", f"{wheel}[train]")
        _run_sample(python, place)
        _run_main_job(python, place)
    print(f"wheel {wheel.name}: the sample and the main job ran from it")


def _environment(folder: Path, requirement: str) -> Path:
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    constraints = ROOT / "constraints.txt"
    _call(python, "-m", "pip", "install", "--quiet", "--constraint", constraints, requirement)
    return python


def _run_sample(python: Path, place: Path) -> None:
    """Without a cache and without a network: all that is needed is in the wheel."""
    environment = {"ASSAY_CACHE": str(place / "no-cache")}
    command = [python, "-m", "assay", "run", "fashion-mnist-sample", "--offline", "--out", place / "sample"]
    _call(*command, environment=environment)
    _check(place / "sample", images=500, least=0.7)


def _run_main_job(python: Path, place: Path) -> None:
    _call(python, "-m", "assay", "run", "--out", place / "main")
    _check(place / "main", images=10_000, least=0.865)


def _check(run: Path, images: int, least: float) -> None:
    scores = json.loads((run / "evaluation.json").read_text("utf-8"))
    assert scores["model"]["parameters"] == 101_770, scores["model"]
    assert scores["test"]["n"] == images, scores["test"]["n"]
    assert scores["test"]["accuracy"] >= least, scores["test"]["accuracy"]
    assert (run / "report.html").stat().st_size < 3_000_000
    print(f"{run.name}: test accuracy {scores['test']['accuracy']:.4f} on {images:,} images", flush=True)


def _call(*command: object, environment: dict[str, str] | None = None) -> None:
    subprocess.run(
        [str(part) for part in command], check=True, cwd="/", env={**os.environ, **(environment or {})}
    )


if __name__ == "__main__":
    main()
