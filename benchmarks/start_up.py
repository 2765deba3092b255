"""How long `assay predict FILE.onnx PICTURE` takes, and `assay serve FILE.onnx` until it is ready.

Recipe `mlp` on the sample, each five times, one after the other. Wall-clock seconds, of a quiet machine.
"""

import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from PIL import Image

from measuring import conditions, write_result

TIMES = 5


def main() -> None:
    before = conditions()
    with tempfile.TemporaryDirectory(prefix="assay-start-") as folder:
        place = Path(folder)
        assay(place, "run", "fashion-mnist-sample", "--epochs", "1", "--out", "run", "-q")
        assay(place, "export", "run", "--out", "model.onnx", "-q")
        Image.new("L", (28, 28)).save(place / "picture.png")
        predict = [timed(place) for _ in range(TIMES)]
        ready = [until_ready(place) for _ in range(TIMES)]
    figures = {
        name: {"seconds": [round(s, 3) for s in values], "median": round(statistics.median(values), 3)}
        for name, values in (("predict", predict), ("serve until ready", ready))
    }
    write_result("start_up", "python benchmarks/start_up.py", before, figures)


def assay(place: Path, *arguments: str) -> None:
    line = [sys.executable, "-m", "assay", *arguments]
    subprocess.run(line, cwd=place, check=True, env=os.environ, stdout=subprocess.DEVNULL)


def timed(place: Path) -> float:
    started = time.perf_counter()
    assay(place, "predict", "model.onnx", "picture.png")
    return time.perf_counter() - started


def until_ready(place: Path) -> float:
    """Seconds from the start of the process to its first answer that it is ready."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    line = [sys.executable, "-m", "assay", "serve", "model.onnx", "--port", str(port)]
    started = time.perf_counter()
    server = subprocess.Popen(line, cwd=place, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while not is_ready(port) and time.perf_counter() - started < 60:
            time.sleep(0.005)
        return time.perf_counter() - started
    finally:
        server.terminate()
        server.wait()


def is_ready(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/v2/health/ready", timeout=1) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


if __name__ == "__main__":
    main()
