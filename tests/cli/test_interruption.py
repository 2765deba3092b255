"""What a signal does while a command runs."""

import gc
import os
import signal
import sys
import time
from pathlib import Path

import pytest

from assay.cli import start
from assay.cli.interruption import leaving_well
from assay.core.errors import AssayError, Interrupted


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


def test_an_error_that_takes_its_place_does_not_hide_it() -> None:
    """A library that is left at a bad moment fails on its way out, and that error is told as another."""
    with pytest.raises(Interrupted) as caught, leaving_well():
        try:
            try:
                os.kill(os.getpid(), signal.SIGTERM)
                time.sleep(5)
            finally:
                raise RuntimeError("trying to pop from empty mode stack")
        except RuntimeError as error:
            raise AssayError("recipe-does-not-fit", "cnn", "it does not go through", "Choose.") from error
    assert caught.value.exit_code == 143


def test_an_error_of_its_own_stays_one() -> None:
    with pytest.raises(AssayError), leaving_well():
        raise AssayError("recipe-does-not-fit", "cnn", "it does not go through", "Choose.")


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


def test_a_command_does_not_look_for_circles_all_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Collections are seldom while it works, and none is needed to leave."""
    before, seen = gc.get_threshold(), []
    monkeypatch.setattr("assay.cli.main.main", lambda: seen.append(gc.get_threshold()))
    handlers = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    try:
        start.main()
        assert seen[0][0] > 10 * 700
        assert gc.get_freeze_count() > 10_000
    finally:
        gc.unfreeze()
        gc.set_threshold(*before)
        for number, handler in zip((signal.SIGINT, signal.SIGTERM), handlers, strict=True):
            signal.signal(number, handler)
