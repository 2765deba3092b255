"""One function reads a run, a saved model and an exported file; all three answer alike."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import assay
from assay.cli.main import exit_code
from assay.core.text import read_csv_text
from assay.deployment.export.classifier import onnx_bytes
from assay.deployment.onnx_model import OnnxModel
from assay.training.classifier import Model


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    return np.asarray(assay.load("fashion-mnist-sample").splits["test"].images[:40])


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, images: np.ndarray) -> Path:
    """A run of a net, the same model exported, and pictures in a folder with others below."""
    root = tmp_path_factory.mktemp("place")
    model = assay.train("fashion-mnist-sample", "mlp", epochs=1, threads=1)
    model.save(root / "run" / "model")
    (root / "model.onnx").write_bytes(onnx_bytes(model))
    (root / "new" / "more").mkdir(parents=True)
    for number, image in enumerate(images[:6, ..., 0]):
        folder = root / "new" / ("more" if number > 3 else "")
        Image.fromarray(image).save(folder / f"p{number}.png")
    return root


@pytest.mark.parametrize("name", ["run", "run/model", "model.onnx"])
def test_every_form_of_images(name: str, place: Path, images: np.ndarray) -> None:
    """Arrays with and without channels, Pillow's images, paths, bytes: the same names and probabilities."""
    model = assay.load_model(place / name)
    assert isinstance(model, OnnxModel if name.endswith(".onnx") else Model)
    wanted = assay.load_model(place / "run").predict_proba(images)
    paths = [place / "new" / f"p{number}.png" for number in range(4)]
    for given in (images, images[..., 0], [Image.fromarray(one) for one in images[..., 0]], iter([images])):
        found = model.predict_proba(given)
        np.testing.assert_allclose(found, wanted, atol=1e-5)
        np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-6)
    names = np.asarray(model.classes)[wanted.argmax(axis=1)]
    assert model.predict(images[..., 0]).tolist() == names.tolist()
    for given in (paths, [str(path) for path in paths], [path.read_bytes() for path in paths]):
        assert model.predict(given).tolist() == names[:4].tolist()
    assert model.predict(paths[0]).tolist() == model.predict(str(paths[0])).tolist() == [names[0]]
    assert model.predict(images[:0]).tolist() == []
    assert [p.predicted for p in assay.predict(place / name, paths)] == names[:4].tolist()
    assert [p.predicted for p in assay.predict(model, paths)] == names[:4].tolist()


def test_what_is_no_model(place: Path, tmp_path: Path) -> None:
    """Nothing there, a folder without one, a folder with several, another file: each in one line."""
    for name in ("one", "two"):
        assay.load_model(place / "run").save(tmp_path / "several" / "models" / name / "model")  # type: ignore[union-attr]
    (tmp_path / "x.onnx").write_bytes(b"no")
    for path, code in (
        (tmp_path / "none", "file-missing"),
        (place / "new", "model-refused"),
        (tmp_path / "x.onnx", "model-refused"),
        (tmp_path / "several", "bad-value"),
        (Path("/dev/null"), "model-refused"),
    ):
        with pytest.raises(assay.AssayError, match=code) as caught:
            assay.load_model(path)
        assert "\n" not in str(caught.value)
    with pytest.raises(assay.AssayError, match="models/one"):
        assay.load_model(tmp_path / "several")


def _rows(capfd: pytest.CaptureFixture[str], *arguments: object) -> list[list[str]]:
    assert exit_code(["predict", *map(str, arguments)]) == 0
    out, err = capfd.readouterr()
    assert err == ""
    return read_csv_text(out)[1]


@pytest.mark.parametrize("name", ["run", "model.onnx"])
def test_folders_patterns_and_files(
    name: str, place: Path, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """A folder, patterns (also of any depth), single files: the same rows; --out the same text."""
    new = place / "new"
    whole = _rows(capfd, place / name, new)
    assert [Path(row[0]).name for row in whole] == [
        "p4.png",
        "p5.png",
        "p0.png",
        "p1.png",
        "p2.png",
        "p3.png",
    ]
    assert sorted(_rows(capfd, place / name, new / "**" / "*.png")) == sorted(whole)
    assert _rows(capfd, place / name, new / "p[0-3].png") == whole[2:]
    assert _rows(capfd, place / name, new / "mo*", new / "p0.png") == whole[:3]
    assert exit_code(["predict", str(place / name), str(new)]) == 0
    text = capfd.readouterr().out
    out = tmp_path / "answers.csv"
    assert exit_code(["predict", str(place / name), str(new), "--out", str(out)]) == 0
    assert capfd.readouterr() == ("", "")
    assert out.read_text("utf-8") == text
    assert exit_code(["predict", str(place / name), str(new), "--out", str(out)]) == 2
    assert "output-exists" in capfd.readouterr().err
    assert exit_code(["predict", str(place / name), str(new / "*.jpg")]) == 3
    assert "error[file-missing]" in capfd.readouterr().err
    assert exit_code(["predict", str(place / name), "-", "-"]) == 2


def test_a_file_whose_name_looks_like_a_pattern(
    place: Path, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Is that file."""
    content = (place / "new" / "p0.png").read_bytes()
    for name in ("a[1].png", "a1.png"):
        (tmp_path / name).write_bytes(content)
    rows = _rows(capfd, place / "model.onnx", tmp_path / "a[1].png")
    assert [row[0] for row in rows] == [str(tmp_path / "a[1].png")]


def test_progress_is_for_terminals(
    place: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bar on stderr that is one, nothing elsewhere; the table on stdout is the same."""
    monkeypatch.setattr("assay.cli.commands.predict._MOMENT", 1)
    rows = _rows(capfd, place / "model.onnx", place / "new")
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    assert exit_code(["predict", str(place / "model.onnx"), str(place / "new")]) == 0
    out, err = capfd.readouterr()
    assert read_csv_text(out)[1] == rows
    assert "pictures" in err


PROBE = """
import sys
from assay.cli.main import exit_code
code = exit_code(["predict", *sys.argv[1:]])
sys.exit(7 if "torch" in sys.modules else code)
"""


@pytest.mark.parametrize("name", ["run", "model.onnx"])
def test_predicting_loads_no_torch(name: str, place: Path) -> None:
    """Nor, for a file, anything that trains."""
    probe = PROBE.replace('"torch"', '"assay.training.recipes"') if name == "model.onnx" else PROBE
    for code in (PROBE, probe):
        done = subprocess.run(
            [sys.executable, "-c", code, str(place / name), str(place / "new")],
            check=False,
            capture_output=True,
        )
        assert (done.returncode, done.stdout.count(b"\n")) == (0, 7), done.stderr


@pytest.mark.parametrize("path", [None, 3, ["run"]])
def test_what_is_no_path_is_told(path: object) -> None:
    with pytest.raises(assay.AssayError, match="bad-value"):
        assay.load_model(path)  # type: ignore[arg-type]
