"""The command `assay`: its commands, and the one place where errors become lines and exit codes."""

import logging
import os
import re
import shlex
import sys
import threading
import traceback
from collections.abc import Sequence
from functools import cache
from typing import Annotated, Any

import typer

from assay.cli.commands.audit import audit, merge
from assay.cli.commands.cards import cards
from assay.cli.commands.compare import compare
from assay.cli.commands.convert import convert
from assay.cli.commands.doctor import doctor
from assay.cli.commands.evaluate import evaluate
from assay.cli.commands.export import export
from assay.cli.commands.fetch import fetch
from assay.cli.commands.inspect import inspect
from assay.cli.commands.predict import predict
from assay.cli.commands.report import report
from assay.cli.commands.resume import resume
from assay.cli.commands.review import review
from assay.cli.commands.run import run
from assay.cli.commands.serve import serve
from assay.cli.commands.train import train
from assay.cli.commands.verify import verify
from assay.cli.interruption import leaving_well
from assay.cli.streams import lasting_streams
from assay.core.cache_folder import cache_folder
from assay.core.disk_errors import refused_path
from assay.core.errors import AssayError, Interrupted
from assay.core.memory import is_short, short_of
from assay.core.text import choices, one_line, shortened
from assay.core.version import __version__

app = typer.Typer(
    name="assay",
    help="Give it a labelled image set: it finds what is wrong with the data, trains a classifier, "
    "and reports a score that can be trusted.",
    epilog="Start with: assay run fashion-mnist-sample",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

#: In the order of the help page.
COMMANDS = (
    run,
    audit,
    merge,
    inspect,
    train,
    evaluate,
    predict,
    export,
    serve,
    cards,
    compare,
    report,
    review,
    resume,
    verify,
    fetch,
    convert,
    doctor,
)

for command in COMMANDS:
    app.command()(command)

#: Typer carries its own copy of click in newer versions; its public exception tells which one.
_UsageError: Any = typer.BadParameter.__mro__[1]


def _show_version(value: bool) -> None:
    if value:
        typer.echo(f"assay {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_show_version, help="Show the version.")
    ] = False,
) -> None:
    pass


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and leave with its exit code."""
    if "--debug" not in sys.argv:
        threading.excepthook = _report_thread
        logging.raiseExceptions = False  # else a library's log on a full disk is a traceback on stderr
    sys.exit(exit_code(sys.argv[1:] if arguments is None else list(arguments)))


def exit_code(arguments: Sequence[str]) -> int:
    """Run one command; errors become one line on stderr and an exit code."""
    with lasting_streams() as output:
        code = _exit_code(arguments)
        output.flush()
        if output.trouble is not None and _is_asked_for(arguments, code):
            what = f"what was to be written there is lost ({output.trouble.strerror})"
            fix = "Give standard output a place with room."
            return _report(AssayError("disk-error", "standard output", what, fix), 5, debug=False)
        return code


#: Commands, and options of any, whose answer is their output; other commands write files, and say where.
_ANSWERING = ("predict", "inspect", "doctor")
_ANSWERED = ("-h", "--help", "--version")


def _is_asked_for(arguments: Sequence[str], code: int) -> bool:
    """Whether the output is what was asked for: events, only where no other code says that it failed."""
    if any(option in arguments for option in _ANSWERED) or "".join(arguments[:1]) in _ANSWERING:
        return True
    return code == 0 and "--json" in arguments


def _exit_code(arguments: Sequence[str]) -> int:
    debug = "--debug" in arguments
    if not debug:
        sys.excepthook = _report_bug
    try:
        _prepare_environment()
        _need_text(arguments)
        with leaving_well():
            result = _command().main(list(arguments), prog_name="assay", standalone_mode=False)
    except AssayError as error:
        return _report(error, error.exit_code, debug)
    except _UsageError as error:
        return _report(_usage_error(error).with_traceback(error.__traceback__), 2, debug)
    except Interrupted as interrupted:
        sys.stderr.write(f"{_interruption(interrupted)}\n")
        return interrupted.exit_code
    except (KeyboardInterrupt, typer.Abort):
        sys.stderr.write("interrupted\n")
        return 130
    except (MemoryError, ImportError, OSError, RuntimeError, SystemError) as error:
        if refused := refused_path(error):
            return _report(refused.with_traceback(error.__traceback__), 5, debug)
        if not is_short(error):
            raise
        return _report(_out_of_memory(error).with_traceback(error.__traceback__), 5, debug)
    return result if isinstance(result, int) else 0


@cache
def _command() -> Any:
    """All commands with their options, made of the signatures once for all that one process runs."""
    return typer.main.get_command(app)


def _need_text(arguments: Sequence[str]) -> None:
    """Raise AssayError `usage` for an argument that is empty: as a path it would be this folder."""
    for number, argument in enumerate(arguments):
        option, equals, value = argument.partition("=")
        if not argument or (option.startswith("--") and equals and not value):
            before = option if argument else arguments[number - 1] if number else "assay"
            fix = "Was a variable never set? Give a value, or leave the option out."
            raise AssayError("usage", before, "an empty text is given", fix)


def _prepare_environment() -> None:
    # matplotlib keeps a list of fonts: in our cache, where people expect what Assay leaves behind.
    os.environ.setdefault("MPLCONFIGDIR", str(cache_folder() / "matplotlib"))
    logging.getLogger("matplotlib").setLevel(logging.ERROR)
    for stream in (sys.stdout, sys.stderr):
        # A terminal that cannot show a character gets an escape, not a crash.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def _report(error: Exception, code: int, debug: bool) -> int:
    """Write the error's lines, after its traceback where that is asked for; the code stays what it is."""
    if debug:
        sys.stderr.write("".join(traceback.format_exception(error)))
    more = error.more if isinstance(error, AssayError) else ()
    sys.stderr.write("".join(f"{line}\n" for line in (error, *more)))
    return code


def _interruption(interrupted: Interrupted) -> str:
    """What a stopped command says: where its work is, and how to go on."""
    if interrupted.folder is None:
        return "interrupted; there was nothing to save"
    return (
        f"interrupted; the work is saved. Continue with: assay resume {shlex.quote(str(interrupted.folder))}"
    )


def _report_bug(kind: type[BaseException], error: BaseException, _: object) -> None:
    """What no handler foresaw is a fault of Assay: one line, and the interpreter leaves with exit code 1."""
    problem = f"{kind.__name__}: {error}" if str(error) else kind.__name__
    fix = "This is a fault of Assay: please report it, with what the same command prints under --debug."
    sys.stderr.write(f"{AssayError('bug', 'assay', problem, fix)}\n")


def _report_thread(ended: threading.ExceptHookArgs) -> None:
    """A thread that ended by an exception, mostly a library's own: one line, and the command goes on."""
    name = ended.thread.name if ended.thread else "a thread"
    told = shortened(one_line(f"{ended.exc_type.__name__}: {ended.exc_value}"), 200)
    sys.stderr.write(f"warning: {name} of this command ended early ({told})\n")


def _out_of_memory(error: Exception) -> AssayError:
    if isinstance(error, ImportError):
        return short_of("a library could not be loaded")
    lines = str(error).strip().splitlines()
    return short_of(lines[0] if lines else "the system has no more to give")


def _usage_error(error: Any) -> AssayError:
    """Typer's refusal in the house's form: what is wrong, what exists, and the nearest name."""
    context = getattr(error, "ctx", None)
    where = context.command_path if context is not None else "assay"
    message = " ".join(error.format_message().split())
    option = getattr(error, "option_name", None)
    if type(error).__name__ == "NoSuchOption" and option and context is not None:
        usage = context.command.get_usage(context).removeprefix("Usage: ").replace(" [OPTIONS]", "")
        if (own := option.strip("-").upper()) in re.findall(r"\w+", usage.removeprefix(where)):
            return AssayError(
                "usage", where, f"{own} is typed without {option}", f"Type it in its place: {usage}."
            )
        known = [name for p in context.command.params for name in p.opts if name.startswith("--")]
        return AssayError("usage", where, f"there is no option {option}", f"{choices(option, known)}.")
    if message.startswith("No such command"):
        command = message.split("'")[1]
        known = [c.__name__ for c in COMMANDS]
        return AssayError("usage", where, f"there is no command {command}", f"{choices(command, known)}.")
    return AssayError("usage", where, message, f"See `{where} --help`.")
