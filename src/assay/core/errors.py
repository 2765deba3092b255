"""The one exception that Assay raises for its users, and the table of everything that can go wrong.

An error is one line: which file or argument, what is wrong with it, and how to fix it. Its code
decides the exit code of the command line; `docs/errors.md` explains each code (a test holds the two
together).
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

BUG: Final = 1
USAGE: Final = 2
BAD_DATA: Final = 3
INTEGRITY: Final = 4
ENVIRONMENT: Final = 5
DIVERGED: Final = 6
MODEL_REFUSED: Final = 7
GATE_FAILED: Final = 8

#: Every error code, with the exit code of the command that meets it.
ERROR_CODES: Final[dict[str, int]] = {
    "bug": BUG,
    # 2: the command line or the configuration
    "usage": USAGE,
    "unknown-data": USAGE,
    "unknown-recipe": USAGE,
    "unknown-check": USAGE,
    "unknown-gate": USAGE,
    "unknown-setting": USAGE,
    "option-not-used": USAGE,
    "bad-value": USAGE,
    "recipe-does-not-fit": USAGE,
    "net-refused": USAGE,
    "output-exists": USAGE,
    "run-folder-finished": USAGE,
    "run-folder-not-empty": USAGE,
    "not-a-run-folder": USAGE,
    "run-not-evaluated": USAGE,
    "no-epoch-finished": USAGE,
    # 3: the data cannot be used as they are
    "file-missing": BAD_DATA,
    "not-a-file": BAD_DATA,
    "gzip-damaged": BAD_DATA,
    "gzip-bomb": BAD_DATA,
    "idx-header": BAD_DATA,
    "idx-truncated": BAD_DATA,
    "idx-too-long": BAD_DATA,
    "idx-too-large": BAD_DATA,
    "count-mismatch": BAD_DATA,
    "label-out-of-range": BAD_DATA,
    "label-not-integer": BAD_DATA,
    "bad-arrays": BAD_DATA,
    "pixel-out-of-range": BAD_DATA,
    "class-names": BAD_DATA,
    "ambiguous-layout": BAD_DATA,
    "several-labels": BAD_DATA,
    "too-few-images": BAD_DATA,
    "too-few-classes": BAD_DATA,
    "no-test-split": BAD_DATA,
    "shape-mismatch": BAD_DATA,
    "table-unreadable": BAD_DATA,
    "table-value": BAD_DATA,
    "column-missing": BAD_DATA,
    "path-outside": BAD_DATA,
    "npz-unreadable": BAD_DATA,
    "archive-refused": BAD_DATA,
    "archive-too-large": BAD_DATA,
    "parquet-unreadable": BAD_DATA,
    "shards-differ": BAD_DATA,
    "records-unreadable": BAD_DATA,
    "image-unreadable": BAD_DATA,
    "image-format": BAD_DATA,
    "image-too-large": BAD_DATA,
    # 4: the content is not what it claims to be
    "hash-mismatch": INTEGRITY,
    "redirect-refused": INTEGRITY,
    "html-instead-of-file": INTEGRITY,
    "data-changed": INTEGRITY,
    "run-damaged": INTEGRITY,
    "config-changed": INTEGRITY,
    "different-test-data": INTEGRITY,
    "parts-missing": INTEGRITY,
    "part-twice": INTEGRITY,
    "part-foreign": INTEGRITY,
    "part-version": INTEGRITY,
    "part-damaged": INTEGRITY,
    "workers-differ": INTEGRITY,
    "export-differs": INTEGRITY,
    # 5: the machine
    "data-unavailable": ENVIRONMENT,
    "file-unreadable": ENVIRONMENT,
    "disk-full": ENVIRONMENT,
    "not-writable": ENVIRONMENT,
    "disk-error": ENVIRONMENT,
    "run-folder-in-use": ENVIRONMENT,
    "missing-extra": ENVIRONMENT,
    "device-unavailable": ENVIRONMENT,
    "port-in-use": ENVIRONMENT,
    "engine-failed": ENVIRONMENT,
    "worker-lost": ENVIRONMENT,
    "out-of-memory": ENVIRONMENT,
    # 6-8
    "training-diverged": DIVERGED,
    "model-refused": MODEL_REFUSED,
    "net-needed": MODEL_REFUSED,
    "remote-code-refused": MODEL_REFUSED,
    "gate-failed": GATE_FAILED,
}


class AssayError(Exception):
    """A problem that the user can understand and fix.

    more: further lines for people, where one is too few: both readings of a tree.
    `where` names the file or argument, `what` says what is wrong with it, `fix` what to do about it.
    `exit_code` follows from `code` (see `ERROR_CODES`; an unknown code is a bug of ours: KeyError).

    >>> import assay
    >>> try:
    ...     assay.train("fashion-mnist-sample", "mpl")
    ... except assay.AssayError as error:
    ...     error.code, error.exit_code, error.where, error.what
    ('unknown-recipe', 2, 'mpl', 'there is no such recipe')
    """

    def __init__(self, code: str, where: object, what: str, fix: str, more: Sequence[str] = ()) -> None:
        self.code = code
        self.where = str(where)
        self.what = what.rstrip(".")
        self.fix = fix
        self.more = tuple(more)
        self.exit_code = ERROR_CODES[code]
        super().__init__(str(self))

    def __str__(self) -> str:
        from assay.core.text import one_line

        return one_line(f"error[{self.code}]: {self.where}: {self.what}. {self.fix}")


class Interrupted(BaseException):  # not an error: what the user asked for
    """A command left early because it was asked to, all it did saved.

    No `Exception`, as KeyboardInterrupt is none: libraries that catch every error would swallow it.

    exit_code: 130 after Ctrl-C, 143 after SIGTERM. folder: the run folder that can be continued, if any.
    """

    def __init__(self, exit_code: int = 130, folder: Path | None = None) -> None:
        self.exit_code, self.folder = exit_code, folder
        super().__init__("interrupted")


def interruption_behind(error: BaseException | None) -> Interrupted | None:
    """The interruption that led to an error: itself, or one whose place the error took on the way out."""
    while error is not None and not isinstance(error, Interrupted):
        error = error.__context__
    return error
