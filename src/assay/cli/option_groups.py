"""Groups of options as parameters of a command, and as the shell line of another."""

import shlex
from collections.abc import Callable, Mapping
from inspect import Parameter, Signature, signature
from typing import Any, get_args

from assay.cli.options import Options


def with_options(*groups: Options) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """A command that takes the options of some groups after its own, by name in `**given`."""

    def widened(command: Callable[..., None]) -> Callable[..., None]:
        own = [
            p for p in signature(command, eval_str=True).parameters.values() if p.kind is not p.VAR_KEYWORD
        ]
        options = {name: option for group in groups for name, option in group.items()}
        shared = [
            Parameter(name, Parameter.KEYWORD_ONLY, default=_unset(option), annotation=option)
            for name, option in options.items()
        ]

        def call(**parameters: Any) -> None:
            command(**parameters)

        call.__name__, call.__doc__, call.__module__ = command.__name__, command.__doc__, command.__module__
        call.__signature__ = Signature([*own, *shared])  # type: ignore[attr-defined]
        call.__annotations__ = {parameter.name: parameter.annotation for parameter in (*own, *shared)}
        return call

    return widened


def _unset(option: Any) -> bool | None:
    """What an option is that was not given: False for a plain switch, else None."""
    return False if get_args(option)[0] is bool else None


def shell_line(command: str, given: Mapping[str, Any], *groups: Options) -> str:
    """A command on the same data, read in the same way, as it can be pasted into a shell.

    given: what the command before was given, by name of the parameter. groups: options to repeat.
    """
    parts = [*command.split(" "), *([] if given.get("data") is None else [str(given["data"])])]
    for name, option in ((name, option) for group in groups for name, option in group.items()):
        if given.get(name) not in (None, False):
            flag = _flag(option)
            parts += [flag] if given[name] is True else [flag, str(given[name])]
    return shlex.join(parts)


def _flag(option: Any) -> str:
    """`--size`: how an option is spelled on the command line."""
    declared = get_args(option)[1]  # Typer takes the first of the names for a default
    names: tuple[str, ...] = (declared.default, *(declared.param_decls or ()))
    return next(name for name in names if name.startswith("--"))
