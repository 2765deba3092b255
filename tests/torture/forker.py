"""A process that does one job after another in forked children, so that each starts in milliseconds.

Reads one JSON object a line: `{"job": "train" | "run" | "read" | "cli" | "write", "folder": ...,
"kill_at": n, ...}`.
Answers `{"pid": ...}` when the child works, and `{"status": ...}` when it is gone. `kill_at` kills the child
before its n-th call that changes the disk, `kill_after` after so many seconds, wherever it is then.
"""

import json
import os
import random
import resource
import signal
import sys
import tempfile
import time
import traceback
from pathlib import Path
from typing import Any

from assay.cli.main import exit_code
from assay.core import durable
from assay.core.errors import AssayError
from assay.workflow import api, run_commands
from torture.job import (
    CHECKS,
    Counting,
    Killing,
    Refusing,
    jumping_clock,
    read_through_cache,
    settings,
    tiny_dataset,
    train_and_save,
)
from torture.lossy import LossyFiles, PowerCutError

#: The exit code of a command whose power went.
CUT = 99


def _work(order: dict[str, Any]) -> None:
    folder, epochs = Path(order["folder"]), order.get("epochs", 2)
    if "clock" in order:
        jumping_clock(order["clock"])
    durable.files = Killing(order.get("kill_at"))
    if order["job"] == "read":
        read_through_cache(Path(order["data"]), folder)
    elif order["job"] == "train":
        hidden, photos = order.get("hidden", 8), order.get("photos", False)
        train_and_save(folder, epochs, order.get("minutes"), hidden=hidden, photos=photos)
    elif (folder / "config.toml").exists():
        run_commands.resume(folder, tiny_dataset())
    else:
        api.run(tiny_dataset(), out=folder, checks=CHECKS, **settings(epochs))


def _write(order: dict[str, Any]) -> int:
    """A command of the command line in a folder, on the disk that the order describes; its exit code, or
    `CUT` where the power went: the states that the cut may leave then lie in the folders `states`."""
    folder = Path(order["folder"])
    os.chdir(folder)
    os.environ["ASSAY_CACHE"] = str(folder / "cache")
    lossy = LossyFiles.of_what_lies_in(folder, order["cut_at"]) if "cut_at" in order else None
    if lossy is not None:
        durable.files = lossy
    elif "refuse_at" in order:
        durable.files = Refusing(order["refuse_at"], order["number"])
    else:
        durable.files = Killing(order.get("kill_at"))
    try:
        code = exit_code(order["arguments"])
    except PowerCutError:
        code = CUT
    if isinstance(durable.files, Counting | LossyFiles) and "calls" in order:
        Path(order["calls"]).write_text(str(durable.files.calls))
    for seed, state in enumerate(order.get("states", ()) if lossy is not None else ()):
        Path(state).mkdir()
        lossy.after_cut(Path(state), random.Random(seed))
        Path(f"{state}.torn").write_text(json.dumps(lossy.torn(Path(state))))
    return code


def _child(order: dict[str, Any]) -> int:
    # The child must not speak on the forker's own channel.
    log = os.open(order.get("log", os.devnull), os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(log, 1)
    os.dup2(log, 2)
    if order["job"] == "cli":
        return exit_code(order["arguments"])
    if order["job"] == "write":
        return _write(order)
    if "memory" in order:
        used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        limit = used + order["memory"]
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    try:
        _work(order)
    except AssayError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    return 0


def _say(answer: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


def _wait_for(child: int, seconds: float) -> None:
    """Wait so long, or until the child has ended; it is not reaped."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and not os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT):
        time.sleep(0.002)


def main() -> None:
    """Serve until stdin ends."""
    with (
        tempfile.TemporaryDirectory() as folder
    ):  # what is loaded and compiled at first use, all children share
        train_and_save(Path(folder) / "warm", 1, None)
        api.run(tiny_dataset(), out=Path(folder) / "run", checks=CHECKS, **settings(1))
    _say({"ready": True})
    for line in sys.stdin:
        order = json.loads(line)
        child = os.fork()
        if child == 0:
            code = 1
            try:
                code = _child(order)
            except BaseException:  # noqa: BLE001  the child ends here, whatever it was
                traceback.print_exc()  # the log's, not the forker's own
            finally:
                sys.stderr.flush()
                os._exit(code)
        _say({"pid": child})
        if "kill_after" in order:
            _wait_for(child, order["kill_after"])
            os.kill(child, signal.SIGKILL)  # not reaped yet, so the id is still its own
        _say({"status": os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])})


if __name__ == "__main__":
    main()
