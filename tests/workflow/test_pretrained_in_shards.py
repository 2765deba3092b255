"""Features of a pretrained net are computed where the shard is, and the merge takes them from the parts."""

import hashlib
import shutil
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy
from PIL import Image, ImageDraw

from assay.audits.measures.row_tables import ON_REFERENCE
from assay.audits.parts.reading import read_parts
from assay.audits.parts.records import RECORD, TABLES, as_json, read_record, seal
from assay.audits.registry import ON_FEATURES
from assay.core.errors import AssayError
from assay.features import backbones, choice, pretrained
from assay.features.feature_cache import Kept
from assay.workflow.run_commands import run_audit
from assay.workflow.shards import run_merge, run_shard

FILES = ("audit.json", "issues.csv", "label_quality.csv", "config.toml", "report.html")
CHECKS = ("label-errors", "atypical")
SIDE = 64

pytestmark = pytest.mark.skipif(backbones.missing() is not None, reason="the pretrained net is not installed")


def drawn(rng: np.random.Generator, label: int) -> np.ndarray:
    """A ring, a cross or a triangle of any size, place and color, on any ground.

    With coarse grain of its own: on plain grounds the search for copies lines thousands of pairs up.
    """
    picture = Image.new("RGB", (SIDE, SIDE), tuple(int(v) for v in rng.integers(0, 256, 3)))
    draw, color = ImageDraw.Draw(picture), tuple(int(v) for v in rng.integers(0, 256, 3))
    size = int(rng.integers(16, 40))
    x, y = (int(v) for v in rng.integers(0, SIDE - size, 2))
    if label == 0:
        draw.ellipse((x, y, x + size, y + size), outline=color, width=4)
    elif label == 1:
        draw.line((x, y, x + size, y + size), fill=color, width=5)
        draw.line((x, y + size, x + size, y), fill=color, width=5)
    else:
        draw.polygon([(x, y + size), (x + size // 2, y), (x + size, y + size)], fill=color)
    grain = rng.normal(0, 25, (SIDE // 4, SIDE // 4, 3)).repeat(4, axis=0).repeat(4, axis=1)
    return np.clip(np.asarray(picture) + grain, 0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A NumPy file of color pictures, of two blocks, that the pretrained net tells apart better."""
    rng = np.random.default_rng(8)
    labels = np.arange(560) % 3
    images = np.stack([drawn(rng, int(label)) for label in labels])
    labels[100:106] = (labels[100:106] + 1) % 3
    images[550:554] = images[:4]
    file = tmp_path_factory.mktemp("drawn") / "drawn.npz"
    np.savez(file, x_train=images[:540], y_train=labels[:540], x_test=images[540:], y_test=labels[540:])
    return file


@pytest.fixture(scope="module")
def parts(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two parts, made on two machines that know nothing of each other."""
    folder = tmp_path_factory.mktemp("parts") / "parts"
    for number in (1, 2):
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("ASSAY_CACHE", str(tmp_path_factory.mktemp("cache")))
            pretrained._AT_HAND.clear()
            run_shard(f"{number}/2", data, out=folder, checks=CHECKS)
    return folder


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that has described nothing before, and is not to describe anything."""
    monkeypatch.setenv("ASSAY_CACHE", str(tmp_path / "cache"))
    pretrained._AT_HAND.clear()

    def none_of_it(*asked: object) -> None:
        raise AssertionError("a picture was described again")

    monkeypatch.setattr(pretrained, "described", none_of_it)


def contents(run: Path) -> dict[str, bytes]:
    return {name: (run / name).read_bytes() for name in FILES}


@pytest.fixture(scope="module")
def one(data: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The files of one process, which took the pretrained features."""
    folder = tmp_path_factory.mktemp("one")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ASSAY_CACHE", str(folder / "cache"))
        pretrained._AT_HAND.clear()
        run_audit(data, out=folder / "run", checks=CHECKS)
    found = contents(folder / "run")
    assert b"pretrained features: of" in found["audit.json"]
    return found


def test_the_merge_describes_no_picture(
    elsewhere: None, parts: Path, one: dict[str, bytes], tmp_path: Path
) -> None:
    """And writes the files of one process, to the byte."""
    run_merge(parts, out=tmp_path / "run")
    assert contents(tmp_path / "run") == one


def test_features_of_another_torch_are_not_taken(
    parts: Path, one: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They may differ in a bit: the merge computes its own, as it would without any, to the same files."""
    monkeypatch.setenv("ASSAY_CACHE", str(tmp_path / "cache"))
    pretrained._AT_HAND.clear()
    stored = [part.part.pretrained for part in read_parts(parts)]
    assert {known.key for known in stored if known is not None} == {pretrained.features_key()}
    described = []
    original = pretrained.described

    def counted(*asked: object) -> object:
        described.append(asked)
        return original(*asked)  # type: ignore[arg-type]

    monkeypatch.setattr(pretrained, "described", counted)
    monkeypatch.setattr(pretrained, "version", lambda _: "0.0")
    run_merge(parts, out=tmp_path / "run")
    assert described and contents(tmp_path / "run") == one


def test_only_what_an_audit_may_ask_for_is_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Color pictures of 64 pixels and more, of a set that is not large, unless a net was named."""
    assert choice.asked_for((64, 64, 3), choice.MOST_DESCRIBED, None) == backbones.DEFAULT
    assert choice.asked_for((64, 64, 3), choice.MOST_DESCRIBED + 1, None) is None
    assert choice.asked_for((64, 64, 3), choice.MOST_DESCRIBED + 1, backbones.DEFAULT) == backbones.DEFAULT
    assert choice.asked_for((64, 64, 1), 10, backbones.DEFAULT) is None
    assert choice.asked_for((63, 64, 3), 10, None) is None
    monkeypatch.setattr(backbones, "missing", lambda name: AssayError("missing-extra", name, "", ""))
    assert choice.asked_for((64, 64, 3), 10, None) is None
    assert ON_REFERENCE == ON_FEATURES


def test_a_named_net_is_wanted_where_the_shard_is(data: Path, tmp_path: Path, monkeypatch) -> None:
    """What was asked for is not replaced in silence; told before any work."""
    gone = AssayError("missing-extra", "efficientnet-lite2", "it is not installed", "")
    monkeypatch.setattr(backbones, "missing", lambda _: gone)
    with pytest.raises(AssayError, match="missing-extra"):
        run_shard("1/2", data, out=tmp_path / "parts", backbone="efficientnet-lite2")
    assert not (tmp_path / "parts").exists()


def test_features_of_a_part_are_of_its_images(elsewhere: None, parts: Path, tmp_path: Path) -> None:
    """A sealed part may be anybody's: features of other shape or type, or no numbers, are a damaged part."""
    for number, change in enumerate((lambda a: a[:-1], lambda a: a.astype(np.float64), lambda a: a * np.nan)):
        copy = Path(shutil.copytree(parts, tmp_path / f"parts {number}"))
        folder = copy / "shard-1-of-2"
        arrays = dict(safetensors.numpy.load((folder / TABLES).read_bytes()))
        arrays["train.pretrained"] = change(arrays["train.pretrained"]).copy()
        content = safetensors.numpy.save(arrays)
        (folder / TABLES).write_bytes(content)
        record = read_record(folder)
        record["files"][TABLES]["sha256"] = hashlib.sha256(content).hexdigest()
        (folder / RECORD).write_text(as_json({"content": record, "sha256": seal(record)}))
        with pytest.raises(AssayError) as caught:
            run_merge(copy, out=tmp_path / "run")
        assert caught.value.code == "part-damaged"


def test_features_of_two_keys_are_not_mixed() -> None:
    """Nor features of another length."""
    kept = Kept("a", np.zeros((1, 32), np.uint8), np.ones((1, 3), np.float32))
    other = Kept("a", np.ones((1, 32), np.uint8), np.ones((1, 3), np.float32))
    assert len(kept.joined(other).rows) == 2
    assert len(kept.joined(kept).rows) == 1
    for strange in (
        Kept("b", other.digests, other.rows),
        Kept("a", other.digests, np.ones((1, 4), np.float32)),
    ):
        assert kept.joined(strange) is kept
    assert kept.joined(None) is kept
