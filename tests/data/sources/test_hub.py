import shutil
import sys
import types

import numpy as np
import pytest

from assay.core.errors import AssayError
from assay.data.convert import convert
from assay.workflow.load import load


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("ASSAY_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def dataset():
    images = np.random.default_rng(0).integers(0, 256, (9, 4, 4), np.uint8)
    return load(arrays=(images, np.arange(9) % 3), classes=("a", "b", "c"))


@pytest.fixture
def repository(dataset, tmp_path):
    """A folder laid out as the hub has it."""
    convert(dataset, tmp_path / "owner" / "name" / "data" / "train-00000-of-00001.parquet")
    (tmp_path / "owner" / "name" / "README.md").write_text("---\nlicense: mit\n---\n")
    return tmp_path / "owner" / "name"


def refused(data, code, exit_code, **options) -> str:
    with pytest.raises(AssayError) as caught:
        load(data, **options)
    assert (caught.value.code, caught.value.exit_code) == (code, exit_code)
    return str(caught.value)


def test_a_local_repository(repository, dataset):
    """A folder like a repository works offline, whether it holds Parquet or images."""
    found = load(f"hf:{repository}", offline=True)
    assert found.fingerprints == dataset.fingerprints
    assert (found.name, found.source) == ("name", "hf")
    images = convert(dataset, repository.parent / "images")
    assert load(f"hf:{images}").fingerprints == dataset.fingerprints


def test_code_is_never_run(tmp_path):
    """A repository with nothing but a loading script is refused with exit 7 (case 21)."""
    place = tmp_path / "scripted"
    place.mkdir()
    (place / "scripted.py").write_text(f"open({str(tmp_path / 'canary')!r}, 'w')")
    assert "scripted.py" in refused(f"hf:{place}", "remote-code-refused", 7)
    assert not (tmp_path / "canary").exists()


@pytest.mark.parametrize("name", ["", "name", "a/b/c", "../x", "a/..", "a b/c"])
def test_names_that_are_none(name, tmp_path, monkeypatch):
    """Neither owner/name nor a folder."""
    refused(f"hf:{name}" if name else "hf:/nowhere", "unknown-data", 2)


def test_a_missing_extra(monkeypatch):
    """Told before anything is done, with the command that installs it."""
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    assert 'pip install "assay[hf]"' in refused("hf:someone/something", "missing-extra", 5)


def test_the_hub_is_asked_for_data_only(repository, dataset, monkeypatch):
    """A stand-in for the hub's client: no code is asked for, offline is passed on, failures are told."""
    asked = {}

    def snapshot_download(name, **options):
        asked.update(options, name=name)
        if name == "someone/missing":
            raise OSError("404 not found\nsecond line")
        shutil.copytree(repository, options["local_dir"], dirs_exist_ok=True)

    stand_in = types.SimpleNamespace(snapshot_download=snapshot_download)
    monkeypatch.setitem(sys.modules, "huggingface_hub", stand_in)
    assert load("hf:someone/letters").fingerprints == dataset.fingerprints
    assert asked["repo_type"] == "dataset"
    assert not any(pattern.endswith(".py") or pattern == "*" for pattern in asked["allow_patterns"])
    assert asked["local_files_only"] is False
    load("hf:someone/letters", offline=True)
    assert asked["local_files_only"] is True
    assert "404 not found" in refused("hf:someone/missing", "data-unavailable", 5)
