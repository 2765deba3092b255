"""What a signal does while a command runs."""

import os
import signal
import sys
import time
from pathlib import Path

import pytest

from assay.cli.interruption import leaving_well
from assay.core.errors import Interrupted


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_inside_an_import_the_exception_waits(
    number: signal.Signals, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The module is loaded whole; then the command is left."""
    (tmp_path / "slow_module.py").write_text(
        "import os, time\n"
        "try:\n"
        f"    os.kill(os.getpid(), {int(number)})\n"
        "    time.sleep(0.1)\n"
        "except BaseException:\n"
        "    swallowed = True\n"
        "loaded = True\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "slow_module", raising=False)
    with pytest.raises(Interrupted) as caught, leaving_well():
        import slow_module  # type: ignore[import-not-found]

        time.sleep(5)
    assert caught.value.exit_code == 128 + number
    assert slow_module.loaded
    assert not hasattr(slow_module, "swallowed")


def test_libraries_that_catch_every_error_do_not_swallow_it() -> None:
    """As they do not swallow KeyboardInterrupt."""
    with pytest.raises(Interrupted), leaving_well():
        try:
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(5)
        except Exception:  # noqa: BLE001
            pytest.fail("swallowed")


def test_what_was_there_is_there_again() -> None:
    """Handlers and the alarm clock are given back."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGALRM)
    before = [signal.getsignal(number) for number in numbers]
    with leaving_well():
        assert signal.getsignal(signal.SIGTERM) != before[1]
    assert [signal.getsignal(number) for number in numbers] == before
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)


def test_where_no_exception_can_pass_it_is_raised_again(capsys: pytest.CaptureFixture[str]) -> None:
    """In a finalizer Python throws every exception away, with a traceback on stderr."""

    class Finalized:
        def __del__(self) -> None:
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(0.01)

    with pytest.raises(Interrupted) as caught, leaving_well():
        Finalized()
        time.sleep(5)
    assert caught.value.exit_code == 143
    assert capsys.readouterr().err == ""
