"""What a file loads before it answers: counted in modules, for seconds are the machine's."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import assay
from assay.deployment.export.classifier import onnx_bytes

PROBE = """
import sys
before = set(sys.modules)
{load}
own = [name for name in set(sys.modules) - before if name.partition(".")[0] not in sys.stdlib_module_names]
print("\\n".join(sorted(own)), file=sys.stderr)
"""
PREDICT = "from assay.cli.main import exit_code; assert exit_code(['predict', *sys.argv[1:]]) == 0"
SERVE = """
from pathlib import Path
from assay.cli.main import exit_code
from assay.deployment.serving.access import Access
from assay.deployment.serving.server import listening
from assay.workflow.deployed.serve import open_service
open_service(Path(sys.argv[1]), Access.to("127.0.0.1", None)).close()
"""

#: Packages that answering needs, with those that they load themselves: pydantic and shellingham are typer's,
#: click uvicorn's, and starlette takes python_multipart where it is.
PREDICTING = set(
    "assay numpy onnx onnxruntime google ml_dtypes PIL platformdirs typer pydantic pydantic_core "
    "annotated_types annotated_doc typing_extensions typing_inspection shellingham".split()
)
SERVING = PREDICTING | set(
    "uvicorn h11 starlette anyio sniffio idna click safetensors threadpoolctl python_multipart".split()
)


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """An exported net and a picture."""
    folder = tmp_path_factory.mktemp("start")
    data = assay.load("fashion-mnist-sample")
    model = assay.train(data, "mlp", epochs=1, threads=1)
    (folder / "model.onnx").write_bytes(onnx_bytes(model))
    Image.fromarray(np.asarray(data.splits["test"].images[0, ..., 0])).save(folder / "a.png")
    return [str(folder / "model.onnx"), str(folder / "a.png")]


def loaded(load: str, given: list[str]) -> list[str]:
    """Modules beyond the standard library that a process loads."""
    command = [sys.executable, "-c", PROBE.format(load=load), *given]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stderr.split()


def packages(modules: list[str]) -> set[str]:
    """Those of the modules; what begins with an underscore are parts of others."""
    return {name.partition(".")[0] for name in modules if not name.startswith("_")}


def test_predicting_with_a_file(given: list[str]) -> None:
    """61 modules of ours and 330 of others when this was written."""
    found = loaded(PREDICT, given)
    assert packages(found) <= PREDICTING
    assert len(found) < 450
    ours = [name for name in found if name.startswith("assay")]
    assert len(ours) < 75
    assert not [name for name in ours if name.startswith(("assay.workflow", "assay.training.recipes"))]


def test_serving_a_file(given: list[str]) -> None:
    """Nothing that draws, trains, or speaks to other servers."""
    found = loaded(SERVE, given)
    assert packages(found) <= SERVING
    assert len(found) < 560


def test_the_count_can_fail(given: list[str]) -> None:
    """With one import too many."""
    found = loaded(f"{PREDICT}; import jinja2", given)
    assert packages(found) - PREDICTING >= {"jinja2"}


def test_the_bytes_of_an_export_are_those_of_its_model_alone(given: list[str], tmp_path: Path) -> None:
    """Written by two processes whose sets and hashes have another order."""
    data = assay.load("fashion-mnist-sample")
    settings = {"epochs": 1, "threads": 1, "reference": 0.3, "max_risk": 0.3}
    assay.train(data, "cnn-small", **settings).save(tmp_path / "model")
    code = (
        "import sys, hashlib, assay; from assay.deployment.export.classifier import onnx_bytes\n"
        "print(hashlib.sha256(onnx_bytes(assay.load_model(sys.argv[1]), 'ab' * 32)).hexdigest())"
    )
    found = {
        subprocess.run(
            [sys.executable, "-c", code, str(tmp_path / "model")],
            capture_output=True, text=True, check=True, env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2")
    }  # fmt: skip
    assert len(found) == 1
