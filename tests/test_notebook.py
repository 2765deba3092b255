"""Assay in a notebook: cells are executed by a kernel, and what they show is looked at."""

import base64
import io
import re

import numpy as np
import pytest
from PIL import Image

CELLS = (
    "import assay, numpy as np\n"
    "from torture.job import tiny_dataset\n"
    "data = tiny_dataset()\n"
    "P = np.full((60, 3), 0.01); P[np.arange(60), data.train.labels] = 0.98\n"
    "P[0] = P[0][[1, 2, 0]]\n"
    "audit = assay.audit(data, pred_probs=P, checks=('identity', 'label-errors'))\n"
    "audit",
    "audit.show('label-errors')",
    "model = assay.train(data, 'linear', epochs=2)\nmodel.history.plot()",
    "score = assay.evaluate(model, data, audit=audit)\nscore.plot_confusion()",
    "score.predictions",
    "score",
    "model.history",
    "print(repr(audit), repr(model), repr(score))",
)


@pytest.fixture(scope="module")
def outputs():
    """The outputs of each cell."""
    nbclient, nbformat = pytest.importorskip("nbclient"), pytest.importorskip("nbformat")
    pytest.importorskip("ipykernel")
    cells = [nbformat.v4.new_code_cell(text) for text in ("import sys; sys.path.insert(0, 'tests')", *CELLS)]
    notebook = nbformat.v4.new_notebook(cells=cells)
    nbclient.NotebookClient(notebook, timeout=300, kernel_name="python3").execute()
    return [cell["outputs"] for cell in notebook["cells"][1:]]


def _is_progress(output) -> bool:
    return output["output_type"] == "display_data" and set(output["data"]) == {"text/plain"}


def _data(output, kind: str) -> str:
    found = [o["data"][kind] for o in output if kind in o.get("data", {}) and not _is_progress(o)]
    assert len(found) == 1, output
    return found[0]


def _pictures(output) -> int:
    """Pictures inside the HTML that is shown, each of them drawn on and described."""
    html = _data(output, "text/html")
    found = re.findall(r'<img [^>]*alt="([^"]+)" src="data:image/png;base64,([^"]+)"', html)
    for described, pixels in found:
        picture = np.asarray(Image.open(io.BytesIO(base64.b64decode(pixels))).convert("RGB"))
        assert len(described) > 10
        assert len(np.unique(picture.reshape(-1, 3), axis=0)) > 20
    return len(found)


def _picture(output) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(_data(output, "image/png")))).convert("RGB"))


@pytest.mark.filterwarnings("ignore")
def test_a_notebook_shows_tables_and_figures(outputs) -> None:
    """Audit and predictions as tables, three figures with something drawn on them, and short text."""
    audit, suspects, curves, confusion, table, score, history, printed = outputs
    assert "label-errors" in _data(audit, "text/html")
    assert _pictures(audit) == 1
    assert len(_data(audit, "text/plain")) < 200
    for shown in (suspects, curves, confusion):
        picture = _picture(shown)
        assert picture.shape[1] == 980
        assert len(np.unique(picture.reshape(-1, 3), axis=0)) > 20
    assert _pictures(score) == 1
    assert _pictures(history) == 1
    assert "30 rows" in _data(table, "text/html")
    assert len(printed[0]["text"]) < 600


@pytest.mark.filterwarnings("ignore")
def test_a_notebook_shows_how_far_a_call_is(outputs) -> None:
    """One line for each stage, replaced as it goes on: what stays is how long it took."""
    audit, _, training, evaluation, *_ = outputs
    for cell, stage in ((audit, "audit"), (training, "train"), (evaluation, "evaluate")):
        lines = [o["data"]["text/plain"] for o in cell if _is_progress(o)]
        (line,) = [line for line in lines if line.startswith(stage)]
        assert line.endswith(" s") and "epoch" not in line
