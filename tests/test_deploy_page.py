"""docs/deploy.md says what the server does: limits, routes, metrics, and a unit that systemd takes."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import typer

from assay.cli.main import app
from assay.deployment.onnx_content import OUTPUTS
from assay.deployment.serving.limits import Limits

PAGE = (Path(__file__).resolve().parent.parent / "docs" / "deploy.md").read_text("utf-8")
UNIT = re.findall(r"```ini\n(.*?)```", PAGE, re.DOTALL)[0]


def test_the_limits_are_those_of_the_server() -> None:
    """Each field of `Limits` in the table, by its value."""
    limits = Limits()
    rows = {
        f"| body; of it JSON | {limits.body >> 20} MiB; {limits.json >> 20} MiB | 413 |",
        f"| images in a request | {limits.batch} | 413 |",
        f"| pixels of a picture, before it is made smaller | {limits.pixels:,} | 413 |",
        f"| requests waiting for a thread (one thread a core) | {limits.waiting} | 429 with `Retry-After` |",
        f"| bytes of all requests in memory | {limits.bodies >> 20} MiB | 429 with `Retry-After` |",
        f"| seconds between requests of a connection | {limits.idle:g} | closed |",
        f"| connections | {limits.connections} | closed at once |",
        f"| head of a request | {limits.header >> 10} KiB | 400 |",
    }
    assert [row for row in rows if row not in PAGE] == []
    assert f"| seconds for a request, first byte to last | {limits.seconds:g} |" in PAGE


def test_every_route_output_and_metric_is_there() -> None:
    from assay.deployment.serving import app as routes

    source = Path(routes.__file__).read_text("utf-8")
    paths = set(re.findall(r'Route\("(/[a-z0-9/]*)"', source)) - {"/v2/", "/favicon.ico"}
    assert len(paths) > 6
    assert [path for path in paths if f"{path}`" not in PAGE and f"{path}[" not in PAGE] == []
    assert [name for name in OUTPUTS if f"| `{name}` |" not in PAGE] == []
    gauges = re.findall(r'^        "([a-z_]+)": \(', source, re.MULTILINE)
    named = [name for name in gauges if not name.startswith(("requests_waiting", "body_bytes"))]
    assert named and [name for name in named if f"`assay_{name}`" not in PAGE] == []


def test_the_units_command_is_one_of_ours() -> None:
    """Its options are those of `assay serve`, and systemd waits longer than a request may take."""
    start = re.findall(r"^ExecStart=\S+/assay (.*)$", UNIT, re.MULTILINE)[0].split()
    command = typer.main.get_command(app).commands[start[0]]  # type: ignore[attr-defined]
    context = command.make_context("serve", start[1:])
    assert context.params["port"] == 8000 and context.params["quiet"] is True
    wait = int(re.findall(r"^TimeoutStopSec=(\d+)$", UNIT, re.MULTILINE)[0])
    assert wait > Limits().seconds + 2


def test_systemd_takes_the_unit(tmp_path: Path) -> None:
    """Without a word; and it has one to say where a key is wrong."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd is not installed")
    given = re.sub(r"ExecStart=\S+", f"ExecStart={shutil.which('true')}", UNIT)

    def said(text: str) -> str:
        (tmp_path / "assay.service").write_text(text)
        command = ["systemd-analyze", "verify", "--man=no", str(tmp_path / "assay.service")]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        return "\n".join(line for line in done.stderr.splitlines() if "assay.service" in line)

    assert said(given) == ""
    assert "MemoryMix" in said(given.replace("MemoryMax", "MemoryMix"))
