"""The layers of the nets of this package, worked out from their recipes without torch.

So a saved model is read and used where torch is not installed, or in less time than torch takes to load. A
test holds every table to that of the net itself (`nets.summary`). A net that is not here is built with torch.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from math import prod
from typing import Any, Final

from assay.core.arrays import Shape
from assay.features import efficientnet
from assay.features.backbones import BACKBONES, DEFAULT
from assay.features.pretrained import input_size
from assay.training.model.values import LayerRow, ModelSummary
from assay.training.recipes import NetRecipe

#: Kind of layer -> what it does, in one line.
PURPOSES: Final = {
    "Flatten": "lays the pixels of an image out in one row",
    "Linear": "weighs every input for every output, plus a bias",
    "ReLU": "keeps what is positive, so that layers add up to more than one line",
    "Conv2d": "looks for a small pattern at every place of the image",
    "Unshuffle": "makes the pixels of each small square channels, which fills the processor better",
    "BatchNorm": "brings each channel to a common scale, so that training is steady",
    "MaxPool2d": "keeps the strongest answer of each neighborhood",
    "AvgPool2d": "averages each neighborhood",
    "AdaptiveAvgPool2d": "averages each channel over the image",
    "Dropout": "drops some inputs in training, so that none is relied on alone",
    "Ensemble": "averages the probabilities of this net and of more like it, begun from other weights",
    "FrozenBlocks": "the lower blocks of a net trained on ImageNet, as they were published",
    "TrainedBlocks": "its upper blocks, which learn on; what they see, averaged over the picture",
    "Standardize": "brings every feature to mean 0 and deviation 1, as before learning",
    "Softmax": "turns the outputs into probabilities that sum to 1",
}

FLOAT_BYTES: Final = 4

#: Kinds of the two parts of a pretrained net, of which the upper one learns on.
FROZEN: Final = "FrozenBlocks"
TRAINED: Final = "TrainedBlocks"

#: Maps of `cnn` wider or higher than this, counted after the first rearrangement, are halved by more stages.
LARGEST_MAP: Final = 20


@dataclass(frozen=True)
class Layer:
    """One layer: its output for one image, the shapes of its weights by name, and of its running figures.

    multiply_adds: of a layer of many parts. frozen: its weights do not learn.
    """

    name: str
    kind: str
    output: tuple[int, ...]
    weights: Mapping[str, tuple[int, ...]]
    running: Mapping[str, tuple[int, ...]]
    multiply_adds: int | None = None
    frozen: bool = False

    def row(self) -> LayerRow:
        """Its line in the model table."""
        parameters = sum(prod(shape) for shape in self.weights.values())
        places = prod(self.output[1:])
        products = self.multiply_adds or 0
        if self.kind in ("Linear", "Conv2d"):
            products = prod(self.weights["weight"]) * places
        return LayerRow(self.name, self.kind, (None, *self.output), parameters, products, PURPOSES[self.kind])


def net_summary(recipe: NetRecipe, shape: Shape, class_count: int) -> ModelSummary | None:
    """The table of the recipe's net, as `nets.summary` gives it; None for a net that is not here."""
    layers = _layers(recipe, shape, class_count)
    if layers is None:
        return None
    rows = [layer.row() for layer in layers]
    others = recipe.members - 1
    if others:
        parameters = sum(row.parameters for row in rows) * others
        products = sum(row.multiply_adds for row in rows) * others
        purpose = PURPOSES["Ensemble"]
        rows.append(LayerRow("others", "Ensemble", (None, class_count), parameters, products, purpose))
    rows.append(LayerRow("probabilities", "Softmax", (None, class_count), 0, 0, PURPOSES["Softmax"]))
    parameters = sum(row.parameters for row in rows)
    products = sum(row.multiply_adds for row in rows)
    frozen = recipe.members * sum(layer.row().parameters for layer in layers if layer.frozen)
    return ModelSummary(tuple(rows), parameters, parameters - frozen, products, parameters * FLOAT_BYTES)


def net_weight_shapes(recipe: NetRecipe, shape: Shape, class_count: int) -> dict[str, tuple[int, ...]] | None:
    """The names and shapes of the net's weights and running figures; None for a net that is not here."""
    layers = _layers(recipe, shape, class_count)
    if layers is None:
        return None
    one = {
        f"{layer.name}.{name}": size
        for layer in layers
        for name, size in (*layer.weights.items(), *layer.running.items())
    }
    if recipe.members == 1:
        return one
    return {f"{number}.{name}": size for number in range(recipe.members) for name, size in one.items()}


def _layers(recipe: NetRecipe, shape: Shape, class_count: int) -> list[Layer] | None:
    """None also for options that are not the net's own: building it says what is wrong with them."""
    if recipe.model not in _TABLES:
        return None
    options, (wanted, table) = dict(recipe.options), _TABLES[recipe.model]
    if not all(name in options and isinstance(options[name], kind) for name, kind in wanted.items()):
        return None
    if not options.keys() <= wanted.keys() | _WITHOUT_SHAPE or min(shape) < 1:
        return None
    layers = list(table(shape, class_count, options))
    return layers if layers else None


def _simple(name: str, kind: str, *output: int) -> Layer:
    return Layer(name, kind, output, {}, {})


def _linear(name: str, inputs: int, outputs: int, bias: bool = True) -> Layer:
    weights: dict[str, tuple[int, ...]] = {"weight": (outputs, inputs)}
    return Layer(name, "Linear", (outputs,), weights | ({"bias": (outputs,)} if bias else {}), {})


def _norm(name: str, *output: int) -> Layer:
    each = (output[0],)
    return Layer(
        name,
        "BatchNorm",
        output,
        {"weight": each, "bias": each},
        {"running_mean": each, "running_var": each},
    )


def _of_linear(shape: Shape, class_count: int, _options: Mapping[str, Any]) -> Iterator[Layer]:
    yield _simple("flatten", "Flatten", prod(shape))
    yield _linear("output", prod(shape), class_count)


def _of_mlp(shape: Shape, class_count: int, options: Mapping[str, Any]) -> Iterator[Layer]:
    hidden = options["hidden"]
    yield _simple("flatten", "Flatten", prod(shape))
    yield _linear("hidden", prod(shape), hidden)
    yield _simple("relu", "ReLU", hidden)
    yield _linear("output", hidden, class_count)


def _of_cnn(shape: Shape, class_count: int, options: Mapping[str, Any]) -> Iterator[Layer]:
    factor, channels, pool_after = (options[name] for name in ("unshuffle", "channels", "pool_after"))
    if not set(pool_after) <= set(range(1, len(channels) + 1)):
        return
    height, width, depth = -(-shape[0] // factor), -(-shape[1] // factor), shape[2] * factor**2
    yield _simple("unshuffle", "Unshuffle", depth, height, width)
    stages = convolutions((height, width), channels, pool_after)
    for number, (out, pooled) in enumerate(stages, 1):
        weight = {"weight": (out, depth, 3, 3)}
        yield Layer(f"conv{number}", "Conv2d", (out, height, width), weight, {})
        if pooled:
            height, width = height // min(2, height), width // min(2, width)
            yield _simple(f"pool{number}", "MaxPool2d", out, height, width)
        yield _norm(f"norm{number}", out, height, width)
        yield _simple(f"relu{number}", "ReLU", out, height, width)
        depth = out
    yield _simple("flatten", "Flatten", depth * height * width)
    hidden = options["hidden"]
    yield _linear("hidden", depth * height * width, hidden, bias=False)
    yield _norm("norm", hidden)
    yield _simple("relu", "ReLU", hidden)
    yield _linear("output", hidden, class_count)


def _of_finetuned(shape: Shape, class_count: int, options: Mapping[str, Any]) -> Iterator[Layer]:
    try:
        lower, upper = efficientnet.divided(options["first_block"])
    except ValueError:
        return
    size, width = input_size(*shape[:2], BACKBONES[DEFAULT].side), BACKBONES[DEFAULT].dimension
    adds, *middle = efficientnet.multiply_adds(lower, *size)
    below, above = (
        {parameter_name(n): size for n, size in efficientnet.weight_shapes(some).items()}
        for some in (lower, upper)
    )
    yield Layer("frozen", FROZEN, (lower[-1].outputs, *middle), below, {}, adds, frozen=True)
    adds = efficientnet.multiply_adds(upper, *middle)[0]
    yield Layer("trained", TRAINED, (width,), above, {}, adds)
    each = {"mean": (width,), "deviation": (width,)}
    yield Layer("scale", "Standardize", (width,), each, {}, width, frozen=True)
    yield _linear("output", width, class_count)


def parameter_name(name: str) -> str:
    """What a weight of the pretrained net is called as a parameter, which takes no dots."""
    return name.replace(".", "_")


def convolutions(
    size: tuple[int, int], channels: tuple[int, ...], pool_after: tuple[int, ...]
) -> Iterator[tuple[int, bool]]:
    """The width of each convolution of `cnn`, and whether its map is halved. size: of the first map."""
    largest = max(size)
    while largest > LARGEST_MAP:
        yield channels[0], True
        largest //= 2
    yield from ((width, number in pool_after) for number, width in enumerate(channels, 1))


Table = Callable[[Shape, int, Mapping[str, Any]], Iterator[Layer]]

#: Name in a recipe -> the options that must be there with their types, and the layers.
_TABLES: Final[Mapping[str, tuple[Mapping[str, type], Table]]] = {
    "linear": ({}, _of_linear),
    "mlp": ({"hidden": int}, _of_mlp),
    "cnn": ({"unshuffle": int, "channels": tuple, "pool_after": tuple, "hidden": int}, _of_cnn),
    "finetuned": ({"first_block": int}, _of_finetuned),
}

#: Options that change no shape.
_WITHOUT_SHAPE: Final = {"batch_norm_momentum"}
