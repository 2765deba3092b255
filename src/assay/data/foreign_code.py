"""Exceptions from code that the user brought: told in one line, with its traceback as the cause."""

from typing import Final

from assay.core.text import one_line, shortened, words_of

#: What code of the user's may raise. Interruptions and full memory pass through, and so do exceptions of the
#: user's own making: their names say whose they are.
FAILURES: Final = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    ImportError,
    LookupError,
    OSError,
    RuntimeError,
    StopIteration,
    TypeError,
    ValueError,
)


def told(error: BaseException) -> str:
    """What somebody's code raised, in one short line."""
    words = words_of(error)
    text = f"{type(error).__name__}: {words}" if words else type(error).__name__
    return shortened(one_line(text), 200)
