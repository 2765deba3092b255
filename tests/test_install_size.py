"""The base stays small: what `pip install assay` puts on the disk, without extras."""

import importlib.util
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SPEC = importlib.util.spec_from_file_location("install_size", ROOT / "scripts" / "install_size.py")
assert SPEC is not None
assert SPEC.loader is not None
install_size = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(install_size)


def test_the_base_is_under_200_mb() -> None:
    """Measured on what is installed here, which has the pinned versions. Under 200 MB as packages are, and
    under 200 MiB with the byte code that pip adds to those that Assay needs; its own is not counted."""
    found = install_size.sizes()
    assert sum(size for size, _ in found.values()) < install_size.MOST
    assert sum(map(sum, found.values())) < install_size.MOST_WITH_BYTE_CODE


def test_every_package_of_the_base_is_counted() -> None:
    """Those named, those that they need in turn, and no extra."""
    found = install_size.sizes()
    assert found.keys() >= {"assay", "numpy", "matplotlib", "pillow", "fonttools", "pydantic-core", "rich"}
    assert not found.keys() & {"torch", "pandas", "pyarrow", "pytest", "onnx", "pip"}
    assert found["numpy"][0] > 20_000_000 and min(size for size, _ in found.values()) > 1_000
