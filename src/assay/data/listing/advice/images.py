"""The images that lists may name, and the command that writes a table of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from assay.data.listing.advice.label_tables import python_command, then_give
from assay.data.listing.from_names.splits import splits_in_names


@dataclass(frozen=True)
class Images:
    """The images that lists may name: their paths below the root, and endings in lower case."""

    root: Path
    paths: Sequence[str]

    @property
    def endings(self) -> set[str]:
        """The endings of the images, in lower case."""
        return {PurePosixPath(path).suffix.lower() for path in self.paths}

    def command(self, setup: str, rows: str, columns: Sequence[str]) -> str:
        """The command that writes the table, and what to give then. Splits that all names tell come along."""
        told = None if "split" in columns else splits_in_names(self.paths)
        if told:
            setup, rows = f"{setup}{told.setup}", f"((*r,Sp(r[0])) for r in {rows})"
            columns = (*columns, "split")
        command = python_command(self.root, self.endings, rows, columns, setup)
        return f"{command} ; then give {then_give(self.root)}"


def stem_of(name: str) -> str:
    """The name of a file without its folders and ending."""
    return PurePosixPath(name).stem
