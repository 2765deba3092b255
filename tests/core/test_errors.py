import re

import pytest

from assay.core.errors import ERROR_CODES, AssayError


def test_an_error_is_one_line():
    """Code, where, what, how to mend; hostile names cannot break the line."""
    error = AssayError("file-missing", "a\nb", "it is gone.", "Check\x1b[31m it.")
    assert str(error) == "error[file-missing]: a\\nb: it is gone. Check\\x1b[31m it."
    assert error.exit_code == 3


def test_an_unknown_code_is_a_bug():
    """Only codes of the table are raised."""
    with pytest.raises(KeyError):
        AssayError("surprise", "here", "what", "fix")


@pytest.mark.parametrize("code", ERROR_CODES)
def test_codes_are_kebab_case_with_an_exit_code_of_the_design(code):
    """1 a bug of ours, 2 usage, 3 data, 4 integrity, 5 environment, 6 diverged, 7 model refused, 8 gate."""
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", code)
    assert ERROR_CODES[code] in range(1, 9)
