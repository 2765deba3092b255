"""The pretrained net in a file: its resizing is torch's, and its answers are the model's."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

import assay
from assay.core.errors import AssayError
from assay.deployment.export.backbone import resampling
from assay.deployment.export.classifier import onnx_bytes
from assay.deployment.export.proof import hostile_images, tolerance_of
from assay.deployment.onnx_model import OnnxModel
from assay.features import backbones
from planted import colored_picture


@pytest.mark.parametrize(
    ("before", "after"), [(28, 112), (64, 224), (500, 224), (300, 224), (7, 32), (1, 32), (225, 224), (5, 5)]
)
def test_resizing_is_that_of_torch(before: int, after: int) -> None:
    """Enlarging and antialiased shrinking, column by column."""
    each = torch.eye(before)[None, None]
    wanted = torch.nn.functional.interpolate(each, (after, before), mode="bilinear", antialias=True)
    np.testing.assert_allclose(resampling(before, after), wanted[0, 0].numpy(), atol=2e-5)


PROBE = """
import sys
import numpy as np
import assay
found = assay.load_model(sys.argv[1]).predict_proba(np.load(sys.argv[2]))
print("torch" in sys.modules, found[0].argmax())
"""


@pytest.mark.parametrize(
    ("recipe", "height", "width", "channels"),
    [
        ("pretrained", 7, 8, 3),
        ("pretrained", 9, 7, 1),
        ("pretrained", 60, 240, 3),
        ("quality", 40, 40, 3),
        ("finetuned", 9, 7, 1),
        ("finetuned", 60, 300, 3),
    ],
)
def test_a_pretrained_model_answers_from_its_file(
    recipe: str, height: int, width: int, channels: int, tmp_path: Path
) -> None:
    """Enlarged, gray, and shrunk pictures; without torch, and without the net's own package."""
    backbone = "quality" if recipe == "quality" else "default"
    try:
        backbones.require(backbones.named(backbone))
    except AssayError:
        pytest.skip("the pretrained net is not installed")
    rng, labels = np.random.default_rng(0), np.arange(24) % 3
    images = np.stack([colored_picture(rng, int(label), height, width)[..., :channels] for label in labels])
    data = assay.load(arrays=(images[:18], labels[:18], images[18:], labels[18:]))
    changes = {"epochs": 2} if recipe == "finetuned" else {"backbone": backbone}
    model = assay.train(data, "finetuned" if recipe == "finetuned" else "pretrained", threads=1, **changes)
    content = onnx_bytes(model)
    assert content == onnx_bytes(model)
    given = np.concatenate([images[18:], hostile_images((height, width, channels), 6)])
    found, wanted = OnnxModel.of(content, "x").run(given), model.predict_proba(given)
    assert np.abs(found.probabilities - wanted).max() <= tolerance_of(model)
    assert found.label.tolist() == wanted.argmax(axis=1).tolist()
    distances = model.distances(given)
    if distances is not None:
        np.testing.assert_allclose(found.ood_score, distances, rtol=1e-3)
    (tmp_path / "model.onnx").write_bytes(content)
    np.save(tmp_path / "images.npy", given)
    command = [sys.executable, "-c", PROBE, str(tmp_path / "model.onnx"), str(tmp_path / "images.npy")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", str(wanted[0].argmax())]
