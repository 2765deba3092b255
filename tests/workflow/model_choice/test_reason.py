"""Why a recipe was taken goes with the run: into its folder and its report, also where it was stopped."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import assay
from assay.core.errors import Interrupted
from assay.core.events import Event, ignore
from assay.workflow.model_choice import default_recipe
from assay.workflow.model_choice.trial import Trial
from assay.workflow.run_commands import resume

pytestmark = pytest.mark.usefixtures("undrawn")

FOUND = Trial(4, 4, 0.75, 0.5, 1, 0, 1.0, 3, 28, (48, 48), 75, 600)


@pytest.fixture
def photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of two classes of color pictures, of which `cnn` answers more."""
    rng = np.random.default_rng(0)
    for number in range(40):
        folder = tmp_path / "photos" / ("test" if number < 8 else "train") / "ab"[number % 2]
        folder.mkdir(parents=True, exist_ok=True)
        picture = rng.integers(0, 256, (64, 64, 3), dtype=np.uint8)
        picture[..., number % 2] = 200
        Image.fromarray(picture).save(folder / f"{number}.png")
    monkeypatch.setattr(default_recipe.backbones, "missing", lambda _: None)
    monkeypatch.setattr(default_recipe, "tried", lambda *_: FOUND)
    return tmp_path / "photos"


def test_it_stays_with_a_run_that_was_stopped(photos: Path, tmp_path: Path) -> None:
    """Stopped before training, the run is finished by `resume`, which compares nothing again."""

    def stop(event: Event) -> None:
        if (event.event, event.stage) == ("stage-started", "train"):
            raise Interrupted

    given = {"checks": "identity", "out": tmp_path / "run", "seeds": None}
    with pytest.raises(Interrupted):
        assay.run(photos, on_event=stop, **given)
    resume(tmp_path / "run", on_event=ignore)
    reason = (tmp_path / "run" / "recipe_reason.txt").read_text("utf-8")
    for part in ("recipe cnn: of 4 validation images", "50.0 %", "75.0 %", "75 of its 600 epochs"):
        assert part in reason
    page = (tmp_path / "run" / "report.html").read_text("utf-8")
    assert f"What the data decided: {reason}." in page
    manifest = json.loads((tmp_path / "run" / "manifest.json").read_text("utf-8"))
    assert "recipe_reason.txt" in manifest["files"]


def test_a_named_recipe_has_none(photos: Path, tmp_path: Path) -> None:
    """Who names a recipe knows why: no file, no line in the report."""
    assay.run(photos, model="linear", checks="identity", out=tmp_path / "run", on_event=ignore)
    assert not (tmp_path / "run" / "recipe_reason.txt").exists()
    assert "What the data decided" not in (tmp_path / "run" / "report.html").read_text("utf-8")
