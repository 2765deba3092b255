"""`assay.train(data, model=net)`: a net of the user's own, trained right or refused in one line."""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.functional import cross_entropy

import assay
from assay.core.errors import AssayError
from assay.data.values import Dataset
from assay.training.loop import state
from assay.training.nets.own_net import own_net
from assay.training.optim.sequential_backward import Chain

SIDE, CLASSES = 6, 3
SHAPE = (1, SIDE, SIDE)


def images_of(count: int, seed: int, channels: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Noise with one bright pair of rows, which says the class."""
    generator = np.random.default_rng(seed)
    labels = np.arange(count) % CLASSES
    images = generator.integers(0, 120, (count, SIDE, SIDE, channels), dtype=np.uint8)
    for row, label in enumerate(labels):
        images[row, 2 * label : 2 * label + 2] += 100
    return images, labels


@pytest.fixture(scope="module")
def data() -> Dataset:
    return assay.load(arrays=(*images_of(96, 0), *images_of(30, 1)))


class Residual(nn.Module):
    """A residual net, with the `view` of many tutorials."""

    def __init__(self, channels: int = 1) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, 8, 3, padding=1)
        self.second = nn.Conv2d(8, 8, 3, padding=1)
        self.head = nn.Linear(8 * SIDE * SIDE, CLASSES)

    def forward(self, images: Tensor) -> Tensor:
        hidden = functional.relu(self.first(images))
        hidden = hidden + functional.relu(self.second(hidden))
        return self.head(hidden.view(hidden.size(0), -1))


def gelu_net() -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(SIDE * SIDE, 16), nn.GELU(), nn.Linear(16, CLASSES))


def batch_norm_net() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 6, 3, bias=False), nn.BatchNorm2d(6), nn.ReLU(), nn.AdaptiveAvgPool2d(2), nn.Flatten(),
        nn.Linear(24, CLASSES),
    )  # fmt: skip


class TiedAndAverage(nn.Module):
    """The same layer used twice under two names."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(SIDE * SIDE, SIDE * SIDE)
        self.again = self.first
        self.head = nn.Linear(SIDE * SIDE, CLASSES)

    def forward(self, images: Tensor) -> Tensor:
        return self.head(self.again(self.first(images.flatten(1)).relu()).relu())


def seeded(build: Callable[[], nn.Module], seed: int = 0) -> nn.Module:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return build()


def by_plain_autograd(net: nn.Module, images: np.ndarray, labels: np.ndarray, steps: int) -> nn.Module:
    """The same steps as torch's own loop takes them: one batch of all images, Adam as the recipe has it."""
    inputs = torch.from_numpy(images.astype(np.float32) / 255).reshape(-1, *SHAPE)
    optimizer = torch.optim.Adam(net.parameters(), lr=0.001, eps=1e-7)
    for _ in range(steps):
        optimizer.zero_grad()
        cross_entropy(net.train()(inputs), torch.from_numpy(labels)).backward()
        optimizer.step()
    return net.eval()


@pytest.mark.parametrize("build", [Residual, gelu_net, batch_norm_net, TiedAndAverage])
def test_it_equals_plain_autograd_of_the_same_steps(build: Callable[[], nn.Module]) -> None:
    """Weights and batch norm's running figures, after twelve steps."""
    images, labels = images_of(96, 0)
    data = assay.load(arrays=(images, labels))
    model = assay.train(data, seeded(build), epochs=12, batch_size=128, validation=0, test_fraction=None)
    expected = by_plain_autograd(seeded(build), images, labels, 12).state_dict()
    assert model.weights.keys() == {name for name, value in expected.items() if value.is_floating_point()}
    for name, array in model.weights.items():
        assert np.allclose(array, expected[name].numpy(), atol=2e-4), name


@pytest.mark.parametrize("build", [Residual, gelu_net, batch_norm_net])
def test_it_learns_and_is_judged(data: Dataset, build: Callable[[], nn.Module]) -> None:
    """With limits, as a model of Assay's."""
    model = assay.train(data, seeded(build), epochs=25, learning_rate=0.01, batch_size=16)
    score = assay.evaluate(model, data)
    assert score.accuracy > 0.9
    assert model.limits.temperature.images > 0 and model.limits.gate is not None
    assert model.recipe["name"].startswith("own-") and model.recipe["epochs"] == 25


class Viewing(nn.Sequential):
    """Goes on by `view` after a convolution, which maps that lie channels last refuse."""

    def forward(self, images: Tensor) -> Tensor:
        hidden = self[0](images)
        return self[1](hidden.view(len(hidden), -1))


class Strided(nn.Sequential):
    """Reads memory and not the image: it answers otherwise where that lies in another order."""

    def forward(self, images: Tensor) -> Tensor:
        size = images[0].numel()
        return self[0](images.as_strided((len(images), size), (size, 1)))


@pytest.mark.parametrize(
    ("build", "last"),
    [
        (batch_norm_net, True),
        (gelu_net, True),
        (lambda: nn.Sequential(nn.Conv2d(1, 4, 3), nn.Flatten(), nn.Linear(64, CLASSES)), True),
        (lambda: Viewing(nn.Conv2d(1, 4, 3), nn.Linear(64, CLASSES)), False),
        (Residual, False),
    ],
)
def test_maps_lie_channels_last_where_the_net_takes_them(
    data: Dataset, build: Callable[[], nn.Module], last: bool
) -> None:
    """And it learns what it learned before, but for rounding."""
    images = images_of(8, 0)[0]
    own = own_net(seeded(build), images, CLASSES, 0)
    assert own.channels_last == last
    logits = [
        replace(own, channels_last=order).copy().eval()(torch.from_numpy(images).float())
        for order in {False, own.channels_last}
    ]
    assert torch.allclose(logits[0], logits[-1], rtol=1e-4, atol=1e-3)
    model = assay.train(data, seeded(build), epochs=25, learning_rate=0.01, batch_size=16)
    assert assay.evaluate(model, data).accuracy > 0.9


def test_a_net_that_reads_memory_is_given_the_order_it_was_written_for() -> None:
    images = images_of(8, 0, channels=3)[0]
    own = own_net(seeded(lambda: Strided(nn.Linear(108, CLASSES))), images, CLASSES, 0)
    assert not own.channels_last


@pytest.mark.parametrize("drawing", [False, True])
def test_a_chain_learns_by_layers_to_the_same_bits(
    data: Dataset, drawing: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With dropout in front too, whose numbers follow from the position. Each run repeats itself."""

    def build() -> nn.Module:
        front = [nn.Dropout(0.3)] if drawing else []
        return nn.Sequential(*front, nn.Flatten(), nn.Linear(36, 8), nn.ReLU(), nn.Linear(8, CLASSES))

    taken = []
    backward = Chain.forward
    monkeypatch.setattr(Chain, "forward", lambda self, images: taken.append(1) or backward(self, images))
    models = [assay.train(data, seeded(build), epochs=3, batch_size=16) for _ in range(2)]
    assert len(taken) == 2 * 3 * 6  # 86 images to learn from, in batches of 16
    monkeypatch.setattr(state, "applies_to", lambda _: False)
    models.append(assay.train(data, seeded(build), epochs=3, batch_size=16))
    for model in models[1:]:
        for name, array in model.weights.items():
            assert np.array_equal(array, models[0].weights[name]), name


def test_the_net_given_stays_as_it_was(data: Dataset) -> None:
    """So do the hooks on it, its mode, and torch's generator."""
    net = seeded(batch_norm_net).eval()
    before = {name: value.clone() for name, value in net.state_dict().items()}
    generator = torch.random.get_rng_state()
    assay.train(data, net, epochs=2)
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())
    assert not net.training and not net._forward_pre_hooks
    assert torch.equal(generator, torch.random.get_rng_state())


def test_it_begins_with_its_own_weights(data: Dataset) -> None:
    """A rate of next to nothing leaves them: they are not drawn anew."""
    net = seeded(gelu_net, seed=5)
    model = assay.train(data, net, epochs=1, learning_rate=1e-12)
    for name, value in net.state_dict().items():
        assert np.allclose(model.weights[name], value.numpy(), atol=1e-8)


def dropping() -> nn.Module:
    return nn.Sequential(
        nn.Flatten(), nn.Linear(SIDE * SIDE, 32), nn.ReLU(), nn.Dropout(0.5), nn.Linear(32, CLASSES)
    )


def test_dropout_drops_in_training_alone_and_follows_the_seed(data: Dataset) -> None:
    """Equal seeds give equal bits whatever torch's generator holds; other seeds give others."""
    kept = {"epochs": 2, "batch_size": 128, "validation": 0}
    first = assay.train(data, seeded(dropping), seed=1, **kept)
    torch.rand(7)
    again = assay.train(data, seeded(dropping), seed=1, **kept)
    other = assay.train(data, seeded(dropping), seed=2, **kept)
    name = "4.weight"
    assert np.array_equal(first.weights[name], again.weights[name])
    assert not np.allclose(first.weights[name], other.weights[name], atol=1e-6)
    pictures = data.splits["test"].images
    assert np.array_equal(first.predict_proba(pictures), first.predict_proba(pictures))


class Remembering(nn.Module):
    """Keeps what one layer gives on itself, until the next layer asks for it."""

    def __init__(self) -> None:
        super().__init__()
        self.body, self.head = nn.Linear(SIDE * SIDE, 64), nn.Linear(64, CLASSES)

    def forward(self, images: Tensor) -> Tensor:
        self.seen = self.body(images.flatten(1)).relu()
        return self.head(self.seen)


def test_a_net_that_keeps_values_on_itself_is_not_confused_by_threads() -> None:
    """Answers to many images equal those to each block alone."""
    many = images_of(3000, 3)[0]
    model = assay.train(
        assay.load(arrays=images_of(96, 0)), seeded(Remembering), epochs=1, test_fraction=None
    )
    net = model.to_torch()
    with torch.no_grad():
        inputs = torch.from_numpy(model.preprocessing.normalize(many)).permute(0, 3, 1, 2)
        expected = net(inputs).argmax(1).numpy()
    for _ in range(3):
        assert np.array_equal(model.predict_proba(many).argmax(1), expected)
    assert model.distances(many[:10]) is not None


def test_a_function_that_builds_is_given_the_shape_and_the_classes(data: Dataset) -> None:
    """Channels first; what it draws follows from the seed."""
    seen: list[object] = []

    def build(shape: tuple[int, int, int], classes: int) -> nn.Module:
        seen.append((shape, classes))
        return nn.Sequential(nn.Flatten(), nn.Linear(SIDE * SIDE, classes))

    models = [assay.train(data, build, epochs=1, seed=seed) for seed in (0, 0, 1)]
    assert seen == [(SHAPE, CLASSES)] * 3
    first, again, other = (model.weights["1.weight"] for model in models)
    assert np.array_equal(first, again) and not np.array_equal(first, other)


def test_color_images_come_channels_first() -> None:
    data = assay.load(arrays=images_of(60, 0, channels=3))
    model = assay.train(data, seeded(lambda: Residual(3)), epochs=1, test_fraction=None)
    assert model.weights["first.weight"].shape == (8, 3, 3, 3)


def test_the_recipe_named_lends_its_settings(data: Dataset) -> None:
    """The reference stays out of the answers, unless it is asked in."""
    plain = assay.train(data, seeded(gelu_net), epochs=1)
    assert (plain.recipe["batch_size"], plain.recipe["normalizer"]) == (32, "minmax")
    model = assay.train(data, seeded(gelu_net), recipe="cnn", epochs=1, patience=1)
    assert (model.recipe["batch_size"], model.recipe["schedule"]) == (128, "linear")
    assert model.recipe["reference"] == 0 and model.recipe["patience"] == 1
    blend = assay.train(data, seeded(gelu_net), recipe={"name": "cnn", "reference": 0.3}, epochs=1)
    assert any(name.startswith("reference.") for name in blend.weights)
    assert assay.evaluate(blend, data).accuracy > 0


@pytest.mark.parametrize("averaging", [0.0, 0.9])
def test_early_stopping_and_averages_keep_a_model(data: Dataset, averaging: float) -> None:
    model = assay.train(
        data, seeded(TiedAndAverage), epochs=6, patience=2, averaging=averaging, validation=0.3
    )
    assert np.array_equal(model.weights["first.weight"], model.weights["again.weight"])


def test_saved_weights_have_the_names_that_torch_knows(data: Dataset, tmp_path: Path) -> None:
    """`load_state_dict` takes the file; so does Assay, with the net."""
    model = assay.train(data, seeded(batch_norm_net), epochs=2)
    model.save(tmp_path)
    pictures = data.splits["test"].images
    for given in (seeded(batch_norm_net, 9), lambda _shape, _classes: batch_norm_net()):
        read = assay.load_model(tmp_path, model=given)
        assert np.array_equal(read.predict_proba(pictures), model.predict_proba(pictures))
    again = batch_norm_net()
    weights = safetensors.torch.load_file(tmp_path / "model.safetensors")
    named = {name: value for name, value in weights.items() if not name.startswith("limits.")}
    assert not again.load_state_dict(named, strict=False).unexpected_keys
    assert [type(p).__name__ for p in assay.predict(model, [_png(pictures[0])])] == ["Prediction"]


def _png(image: np.ndarray) -> bytes:
    from io import BytesIO

    from PIL import Image

    buffer = BytesIO()
    Image.fromarray(image[..., 0]).save(buffer, "PNG")
    return buffer.getvalue()


def test_its_score_can_stand_in_a_run_folder(data: Dataset, tmp_path: Path) -> None:
    """With report, for `assay compare`; the net itself is not in it."""
    model = assay.train(data, seeded(gelu_net), epochs=10)
    score = assay.evaluate(model, data, out=tmp_path / "run")
    assert score.accuracy == assay.evaluate(model, data).accuracy
    assert (tmp_path / "run" / "report.html").exists() and not (tmp_path / "run" / "model").exists()


@pytest.mark.parametrize("command", ["predict", "export", "verify"])
def test_a_new_process_needs_the_net_and_says_so(
    data: Dataset, tmp_path: Path, command: str
) -> None:  # fmt: skip
    """One line, and an exit code that a script can tell."""
    assay.train(data, seeded(gelu_net), epochs=1).save(tmp_path / "model")
    picture = tmp_path / "one.png"
    picture.write_bytes(_png(data.splits["test"].images[0]))
    more = [str(picture)] if command == "predict" else []
    done = subprocess.run(
        [sys.executable, "-m", "assay", command, str(tmp_path), *more], capture_output=True, text=True
    )
    lines = done.stderr.strip().splitlines()
    assert done.returncode != 0 and lines[-1].startswith("error["), done.stderr
    if command == "predict":
        assert done.returncode == 7
        assert "net-needed" in lines[-1] and "assay.load_model(" in lines[-1]


def test_it_is_not_exported_by_rules_that_do_not_know_it(data: Dataset, tmp_path: Path) -> None:
    """Its layers stand in a table, and its forward may use them in any way."""
    model = assay.train(data, seeded(gelu_net), epochs=1)
    with pytest.raises(AssayError, match=r"model.to_torch\(\)"):
        model.export(tmp_path / "own.onnx")
    assert not list(tmp_path.iterdir())


def changed_code() -> nn.Module:
    """The same weights in the same layers, and another use of them."""

    class Changed(nn.Sequential):
        def forward(self, images: Tensor) -> Tensor:
            return super().forward(images.flip(3))

    net = gelu_net()
    return Changed(*net)


def test_another_net_is_refused_when_it_is_read(data: Dataset, tmp_path: Path) -> None:
    """Other weights, and other code with the same weights."""
    assay.train(data, seeded(gelu_net), epochs=1).save(tmp_path)
    for build, words in ((batch_norm_net, "other layers"), (changed_code, "answers otherwise")):
        with pytest.raises(AssayError, match=words) as refused:
            assay.load_model(tmp_path, model=build())
        assert refused.value.code == "model-refused"
    assay.train(data, "linear", epochs=1).save(tmp_path / "linear")
    with pytest.raises(AssayError, match="Leave the net away"):
        assay.load_model(tmp_path / "linear", model=gelu_net())


def ends_in(*layers: nn.Module) -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(SIDE * SIDE, CLASSES), *layers)


class Forward(nn.Module):
    """A linear layer, and whatever is done around it."""

    def __init__(self, answer: Callable[["Forward", Tensor], object]) -> None:
        super().__init__()
        self.layer, self._answer = nn.Linear(SIDE * SIDE, CLASSES), answer
        self.register_buffer("count", torch.zeros((), dtype=torch.int64))

    def forward(self, images: Tensor) -> object:
        return self._answer(self, self.layer(images.flatten(1)))


class ReferenceNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.reference = nn.Linear(SIDE * SIDE, CLASSES)

    def forward(self, images: Tensor) -> Tensor:
        return self.reference(images.flatten(1))


def used_before() -> nn.Module:
    net = Remembering()
    net(torch.zeros(2, *SHAPE))
    return net


def with_nan() -> nn.Module:
    net = ends_in()
    nn.init.constant_(net[1].bias, float("nan"))
    return net


def frozen() -> nn.Module:
    return ends_in().requires_grad_(False)


def counted(net: Forward, answer: Tensor) -> Tensor:
    net.count += 1
    return answer * (1 + 0.1 * net.count)


REFUSED: dict[str, tuple[Callable[[], object], str]] = {
    "softmax": (lambda: ends_in(nn.Softmax(1)), "ends in a softmax"),
    "log-softmax": (lambda: ends_in(nn.LogSoftmax(1)), "ends in a log-softmax"),
    "sigmoid": (lambda: ends_in(nn.Sigmoid()), "ends in a sigmoid"),
    "softmax by hand": (
        lambda: Forward(lambda _, z: z.exp() / z.exp().sum(1, keepdim=True)),
        "ends in a softmax",
    ),
    "softmax then view": (lambda: Forward(lambda _, z: z.softmax(1).view(len(z), -1) * 1), "a softmax"),
    "outputs": (lambda: nn.Sequential(nn.Flatten(), nn.Linear(SIDE * SIDE, 10)), "10 outputs.* 3 classes"),
    "shape of answers": (lambda: nn.Conv2d(1, CLASSES, SIDE), r"answers are \(n, 3, 1, 1\)"),
    "one row": (lambda: Forward(lambda _, z: z.mean(0)), "answers are"),
    "tuple": (lambda: Forward(lambda _, z: (z, z)), "a tuple"),
    "images": (lambda: nn.Sequential(nn.Flatten(), nn.Linear(784, CLASSES)), "1 x 6 x 6 .channels, height"),
    "channels last": (lambda: Residual(SIDE), "do not go through"),
    "nothing to learn": (nn.Flatten, "no weights"),
    "frozen": (frozen, "no weights that learn"),
    "no effect": (lambda: Forward(lambda _, z: torch.zeros_like(z).requires_grad_()), "no weight has an"),
    "detached": (lambda: Forward(lambda _, z: z.detach()), "no gradient"),
    "NaN": (with_nan, "not all numbers"),
    "lazy": (lambda: nn.Sequential(nn.Flatten(), nn.LazyLinear(CLASSES)), "lazy.*zeros"),
    "meta": (lambda: ends_in().to("meta"), "device meta"),
    "double": (lambda: ends_in().double(), "float64.*float"),
    "half": (lambda: ends_in().half(), "float16"),
    "compiled": (lambda: torch.compile(ends_in(), backend="eager"), "wrapped.*compile"),
    "parallel": (lambda: nn.DataParallel(ends_in()), "wrapped.*module"),
    "used before": (used_before, "cannot be copied"),
    "no forward": (nn.ModuleList, "no weights"),
    "reserved name": (ReferenceNet, "keep the name 'reference'"),
    "dropout that never stops": (lambda: Forward(lambda _, z: functional.dropout(z, 0.5)), "asked again"),
    "company": (lambda: ends_in(nn.BatchNorm1d(CLASSES, track_running_stats=False)), "other images"),
    "counts": (lambda: Forward(counted), "count changes in training"),
    "class": (lambda: nn.Linear, "Linear"),
    "function of nothing": (lambda: lambda: ends_in(), "cannot be called"),
    "function of a text": (lambda: lambda _shape, _classes: "net", "gives str"),
    "number": (lambda: 3, "int is no net"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_trained_is_refused_in_one_line(data: Dataset, name: str) -> None:
    build, words = REFUSED[name]
    with pytest.raises(AssayError, match=words) as refused:
        assay.train(data, build(), epochs=1)  # type: ignore[arg-type]
    assert refused.value.code == ("bad-value" if name == "number" else "net-refused")
    assert "\n" not in str(refused.value) and refused.value.fix


def test_a_last_layer_that_begins_as_the_shares_of_the_classes_is_no_softmax(data: Dataset) -> None:
    """Its answers sum to 1 before training, as those of a log-softmax do."""
    net = ends_in()
    nn.init.zeros_(net[1].weight)
    nn.init.constant_(net[1].bias, float(np.log(1 / CLASSES)))
    assert assay.train(data, net, epochs=1).recipe["name"] == "own-Sequential"


def test_a_last_batch_of_one_image_is_found_before_training(data: Dataset) -> None:
    net = nn.Sequential(nn.Flatten(), nn.Linear(36, 8), nn.BatchNorm1d(8), nn.Linear(8, CLASSES))
    with pytest.raises(AssayError, match=r"last batch of an epoch is a single image.*such as 97"):
        assay.train(assay.load(arrays=images_of(97, 0)), net, batch_size=96, validation=0, test_fraction=None)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"hidden": 3}, "how Assay builds"),
        ({"recipe": {"name": "cnn", "channels": [8]}}, "how Assay builds"),
        ({"initialization": "dirac"}, "how Assay builds"),
        ({"members": 3}, "same weights"),
        ({"seeds": 2}, "one model"),
        ({"warm_start": "somewhere"}, "begins with its own"),
        ({"recipe": "majority"}, "no recipe that trains a net"),
        ({"recipe": "mpl"}, "Did you mean mlp"),
        ({"epoch": 3}, "epochs"),
    ],
)
def test_settings_that_would_do_nothing_are_refused(data: Dataset, settings: dict, words: str) -> None:
    with pytest.raises(AssayError, match=words):
        assay.train(data, gelu_net(), **settings)


def test_the_name_of_a_recipe_belongs_to_own_nets(data: Dataset) -> None:
    with pytest.raises(AssayError, match="Name the recipe as model="):
        assay.train(data, "mlp", recipe="cnn")


def test_a_model_of_assay_is_no_net_of_your_own(data: Dataset) -> None:
    with pytest.raises(AssayError, match="no net of your own"):
        assay.train(data, "linear", epochs=1).to_torch()
