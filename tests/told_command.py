"""The commands that notes and refusals give, typed as they stand."""

import re
import shlex
import subprocess
from typing import Final

#: A word of a shell, with what is quoted in it.
_WORD: Final = r"""(?:'[^']*'|"[^"]*"|\\.|[^\s'"\\])+"""


def words_after(told: str) -> list[str]:
    """Type the command of a line, `(cd PLACE && ...) ; then give PATH [--option VALUE]`: what to give."""
    command, _, rest = told[told.index("(cd ") :].partition(" ; then give ")
    subprocess.run(["bash", "-ec", command], check=True)
    given = re.match(rf"{_WORD}(?:(?<![.;)]) --\S+ {_WORD})*", rest)
    assert given is not None, f"nothing to give: {told}"
    return shlex.split(given.group().rstrip(".,;)"))


def path_after(told: str) -> str:
    """The same where a path alone is to be given."""
    (path,) = words_after(told)
    return path
