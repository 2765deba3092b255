"""The files that the rows of a table name: where they lie below a root, and whether they can be read."""

import os
import stat
from pathlib import Path

from assay.core.errors import AssayError
from assay.core.text import one_line
from assay.data.formats.safe_open import kind_of
from assay.data.listing.columns.some_files import hint_on_paths_above


class TableFiles:
    """The files below one root, links resolved. stamps: what changes with each file that was looked at."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._inside: dict[str, str | None] = {}
        self.stamps: list[str] = []

    def locate(self, table: Path, start: str, where: str, file: str) -> tuple[str, str]:
        """The whole path of a file, and its path below the root. start: where the paths of the table begin.

        Raises AssayError `table-value` where there is no path, `path-outside` where it leaves the root.
        """
        if not file or "\0" in file:
            raise AssayError("table-value", table, f"{where} has no path", "Correct the table.")
        whole = os.path.normpath(os.path.join(start, file))  # noqa: PTH118  for a million rows
        folder, name = os.path.split(whole)
        if folder not in self._inside:
            self._inside[folder] = _below(self._root, folder)
        below = self._inside[folder]
        if below is None:
            raise AssayError(
                "path-outside",
                table,
                f"{where}: {one_line(file)} lies outside the folder {self._root}",
                f"Put the images below the folder of the table{hint_on_paths_above(start, file)}.",
            )
        return whole, f"{below}/{name}" if below else name

    def missing(self, path: str, name: str) -> str:
        """Why a file cannot be read, or empty; what is there leaves its stamp."""
        try:
            status = os.lstat(path)
        except OSError as error:
            return (error.strerror or str(error)).lower()
        self.stamps.append(stamp(name, status))
        return "" if stat.S_ISREG(status.st_mode) else f"this is {kind_of(status.st_mode)}, not a file"


def stamp(name: str, status: os.stat_result) -> str:
    """What changes with a file: its name, size and times of change."""
    return f"{name}|{status.st_size}|{status.st_mtime_ns}|{status.st_ctime_ns}"


def _below(root: Path, folder: str) -> str | None:
    """A folder's path below the root, links resolved, or None where it is outside."""
    real = os.path.realpath(folder)
    if real == str(root):
        return ""
    start = f"{str(root).rstrip('/')}/"
    return real.removeprefix(start) if real.startswith(start) else None
