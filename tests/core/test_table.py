"""Tables: what pandas, polars and Arrow make of them, and that none of these is needed."""

import subprocess
import sys

import pytest

from assay.core.errors import AssayError
from assay.core.table import Table

COLUMNS = {"name": ["a", "ü\x00<b>", ""], "score": [0.5, 1.0, None], "index": [0, 1, 2]}


def test_the_same_rows_in_every_library() -> None:
    """Values, column order and missing cells survive."""
    pandas, polars = pytest.importorskip("pandas"), pytest.importorskip("polars")
    pyarrow = pytest.importorskip("pyarrow")
    table = Table(COLUMNS)
    frame = table.to_pandas()
    assert list(frame.columns) == list(COLUMNS)
    assert frame["name"].tolist() == COLUMNS["name"]
    assert pandas.isna(frame["score"][2])
    assert table.to_polars().to_dict(as_series=False) == COLUMNS
    assert pyarrow.table(table).to_pydict() == COLUMNS  # by the capsule
    assert polars.DataFrame(table).to_dict(as_series=False) == COLUMNS
    assert table.__dataframe__().num_rows() == 3


def test_a_table_shows_itself() -> None:
    """Short, escaped, and told where it is cut."""
    many = Table({"x": list(range(1000))}, "Numbers")
    assert repr(many) == "Numbers(1,000 rows: x)"
    assert many._repr_html_().count("<tr>") == 21
    assert "the first 20" in many._repr_html_()
    assert "<b>" not in Table(COLUMNS)._repr_html_()
    assert [row["index"] for row in Table(COLUMNS)] == [0, 1, 2]
    with pytest.raises(ValueError, match="equally long"):
        Table({"a": [1], "b": []})


def test_a_missing_library_is_named(monkeypatch) -> None:
    """What to install, not a traceback."""
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(AssayError, match="pip install pandas") as caught:
        Table(COLUMNS).to_pandas()
    assert caught.value.code == "missing-extra"


def test_importing_assay_loads_none_of_them() -> None:
    """Not with an audit's values either."""
    code = (
        "import sys, assay, assay.audits.values, assay.evaluation.values;"
        "names = ('pandas', 'polars', 'pyarrow', 'sklearn', 'torch', 'matplotlib');"
        "print([name for name in names if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
