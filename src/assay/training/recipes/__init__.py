"""Recipes: everything that decides a training run, one TOML file each. Nothing here loads torch."""

import tomllib
from collections.abc import Mapping
from importlib.resources import files
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, ValidationError

from assay.core.errors import AssayError
from assay.core.text import choices, shortened
from assay.features.backbones import BackboneName
from assay.training.closed_forms import CLOSED_FORMS
from assay.training.model.own_net import OwnNet

#: Recipe name -> its file beside this module, by cost.
RECIPES: Final[Mapping[str, str]] = {
    "majority": "majority.toml",
    "nearest-mean": "nearest-mean.toml",
    "linear": "linear.toml",
    "reference": "reference.toml",
    "pretrained": "pretrained.toml",
    "finetuned": "finetuned.toml",
    "mlp": "mlp.toml",
    "cnn-small": "cnn-small.toml",
    "cnn": "cnn.toml",
    "cnn-accurate": "cnn-accurate.toml",
    "cnn-best": "cnn-best.toml",
}

#: What a recipe names as its model that trains a net of the user's own.
OWN: Final = "own"

Share = Annotated[float, Field(ge=0, lt=1)]
Count = Annotated[int, Field(ge=1, le=1_048_576)]
#: A list in a file, a tuple in a recipe, which never changes.
Counts = Annotated[tuple[Count, ...], Field(min_length=1, max_length=1000, strict=False)]
Option = Count | Counts | Annotated[float, Field(gt=0, le=1)] | BackboneName


#: Python's kinds of an option, and how they are called.
_KINDS: Final[tuple[tuple[Any, str], ...]] = (
    ((list, tuple), "a list of whole numbers"),
    (int, "a whole number"),
    ((int, float), "a number"),
    (str, "a name"),
)


#: Whole numbers below it are floats too.
_EXACT: Final = 2**53


class Recipe(BaseModel):
    """A resolved recipe: frozen, every value in its range, no key unknown.

    model: the name in `assay.training.closed_forms.CLOSED_FORMS` of what is fitted at once, or of a net (then
    this is a `NetRecipe`); options: what it is made with.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    name: str
    model: str
    options: Mapping[str, Option] = {}

    def as_record(self) -> dict[str, Any]:
        """The recipe as JSON types; `validated(record)` reads it back."""
        return self.model_dump(mode="json")


class NetRecipe(Recipe):
    """The recipe of a net, with how it is trained.

    model: the net's name in `assay.training.nets.MODELS`; options: what its `build` is given.
    members: nets of an ensemble, whose probabilities are averaged; 1 is a net alone.
    reference: share of the closed-form reference in the answers (see `beside`), 0 lets the net answer alone;
        reference_features: its random Fourier features, an even number; of few images at most half as many.
    normalizer: `minmax` or `standard` (see `Preprocessing`).
    precision: `bfloat16` trains in mixed precision where the device multiplies bfloat16 natively, `auto` only
        on graphics cards, `float32` never. Prediction on a processor is float32.
    initialization: `glorot`: weights Glorot uniform, biases zero; `dirac`: after that, convolutions begin by
        passing their input channels on (Zagoruyko and Komodakis 2017).
    least_steps: on few images epochs that show all of them are added until the run has so many steps; a
        number of epochs that was asked for counts as it is.
    learning_rate, beta1, beta2, epsilon: Adam's (Kingma and Ba 2015). epsilon 1e-7 is Keras' default.
    weight_decay: decoupled, of weights but not of biases and batch norm (Loshchilov and Hutter 2019).
    schedule: `constant`, or `linear`: falling to 0. warm_up: share of all steps in which it first rises.
    label_smoothing: share of each label that is spread over all classes.
    class_weights: `balanced` lets every class count as much as any other.
    mirror: every second epoch an image is mirrored left to right. mirror_averaging: predictions are
        the mean of the logits of an image and its mirror image; kept in the model.
    shift: most pixels that an image is moved by, each way. cutout: side of a covered square, in pixels.
    erasing: probability of a covered box (random erasing). mixup: alpha of the shares' beta distribution.
    averaging: share of the running average of the weights kept at each step; 0 takes the last weights.
    selection: share of the images, those of largest stale loss, shown after the first epoch; of fewer than
        selection_least training images every epoch shows all, unless the share was asked for.
    patience: epochs without a lower validation loss after which training stops, and the best model is kept;
        0 trains to the last epoch and keeps that. lengthened_patience: the same of a run that `least_steps`
        made longer and that has validation images.
    """

    members: Annotated[int, Field(ge=1, le=1000)] = 1
    reference: Share = 0.0
    reference_features: Annotated[int, Field(ge=2, le=16_384, multiple_of=2)] = 5_120
    normalizer: Literal["minmax", "standard"] = "minmax"
    precision: Literal["auto", "bfloat16", "float32"] = "auto"
    epochs: Annotated[int, Field(ge=1, le=100_000)]
    least_steps: Annotated[int, Field(ge=0, le=1_048_576)] = 0
    batch_size: Annotated[int, Field(ge=1, le=1_048_576)]
    learning_rate: Annotated[float, Field(gt=0, le=1e6)]
    beta1: Share = 0.9
    beta2: Share = 0.999
    epsilon: Annotated[float, Field(gt=0, le=1)] = 1e-7
    initialization: Literal["glorot", "dirac"] = "glorot"
    weight_decay: Share = 0.0
    schedule: Literal["constant", "linear"] = "constant"
    warm_up: Share = 0.0
    label_smoothing: Share = 0.0
    class_weights: Literal["equal", "balanced"] = "equal"
    mirror: bool = False
    mirror_averaging: bool = False
    shift: Annotated[int, Field(ge=0, le=1024)] = 0
    cutout: Annotated[int, Field(ge=0, le=4096)] = 0
    erasing: Annotated[float, Field(ge=0, le=1)] = 0.0
    mixup: Annotated[float, Field(ge=0, le=100)] = 0.0
    averaging: Share = 0.0
    selection: Annotated[float, Field(gt=0, le=1)] = 1.0
    selection_least: Annotated[int, Field(ge=0, le=1_048_576)] = 0
    patience: Annotated[int, Field(ge=0, le=100_000)] = 0
    lengthened_patience: Annotated[int, Field(ge=0, le=100_000)] = 0


class OwnNetRecipe(NetRecipe):
    """The settings of a recipe, for a net that the user brought; the net stands in no record."""

    _net: OwnNet = PrivateAttr()

    @property
    def net(self) -> OwnNet:
        """The net to train."""
        return self._net


def with_own_net(recipe: NetRecipe, net: OwnNet) -> OwnNetRecipe:
    """The recipe's settings for the user's net, which begins as it is and has no options."""
    named = {"name": f"own-{net.name}", "model": OWN, "options": {}}
    own = OwnNetRecipe(**{**{key: getattr(recipe, key) for key in NetRecipe.model_fields}, **named})
    own._net = net
    return own


def recipe_with(record: Mapping[str, Any], net: OwnNet | None) -> Recipe:
    """The recipe of a model's record, and the net that its user brought, if it has one."""
    recipe = validated(record)
    return with_own_net(recipe, net) if net is not None and isinstance(recipe, NetRecipe) else recipe


def settings_of(name: str) -> tuple[str, ...]:
    """What a user of the recipe `name` may change: everything but what makes it this recipe.

    Options of what it fits come last, as they may be named alone. Raises AssayError `unknown-recipe`.
    """
    table = _table(name)
    fields = _kind(table).model_fields
    return (*(f for f in fields if f not in ("name", "model", "options")), *table.get("options", {}))


def read_recipe(name: str, overrides: Mapping[str, Any] | None = None) -> Recipe:
    """The recipe `name` with some settings changed.

    overrides: setting name to value; a text is read as TOML would read it ("5", "0.01", "standard"), None
    leaves the setting as it is. An option of the net is named alone (`hidden`), as `options.hidden`, or in a
    table `options`; so the record of a recipe gives the same recipe again.
    Raises AssayError `unknown-recipe`, `unknown-setting` or `bad-value`.
    """
    table, known = _table(name), settings_of(name)
    changes = {key: value for key, value in _flat(overrides or {}).items() if value is not None}
    for key, value in changes.items():
        _override(table, known, key, _typed(value))
    if "epochs" in changes and "least_steps" not in changes:
        table.pop("least_steps", None)
    if "selection" in changes and "selection_least" not in changes:
        table.pop("selection_least", None)
    return validated(table)


def validated(table: Mapping[str, Any]) -> Recipe:
    """A recipe from its table, a `NetRecipe` unless it is fitted in closed form.

    Raises AssayError `bad-value` naming the first setting that is wrong.
    """
    try:
        return _kind(table)(**table)
    except ValidationError as error:
        first = min(error.errors(include_url=False), key=_of_another_kind)
        loc = first["loc"][:2] if first["loc"][0] == "options" else first["loc"]
        problem = f"{shortened(repr(first['input']))} is refused: {first['msg']}"
        raise AssayError(
            "bad-value", ".".join(map(str, loc)), problem, "Give a value in its range."
        ) from None


def _of_another_kind(error: Any) -> bool:
    """Whether an error only says that the value is of another kind: an option may be of several kinds, and
    what is wrong with it as one of its own tells more."""
    known = error["type"] == "literal_error" and isinstance(error["input"], str)
    return not known and error["type"].endswith(("_type", "literal_error"))


def net_recipe(record: Mapping[str, Any], net: OwnNet | None = None) -> NetRecipe:
    """The recipe of a net from its record. net: the one that the user brought, if this is one."""
    recipe = recipe_with(record, net)
    assert isinstance(recipe, NetRecipe), f"{recipe.name} is fitted in closed form"
    return recipe


def _table(name: str) -> dict[str, Any]:
    if name not in RECIPES:
        raise AssayError(
            "unknown-recipe", name, "there is no such recipe", choices(name, tuple(RECIPES)) + "."
        )
    return tomllib.loads(files(__name__).joinpath(RECIPES[name]).read_text(encoding="utf-8"))


def _flat(overrides: Mapping[str, Any]) -> dict[str, Any]:
    """The overrides without the table `options`: its entries named `options.X`."""
    flat = {key: value for key, value in overrides.items() if key != "options"}
    return flat | {f"options.{key}": value for key, value in overrides.get("options", {}).items()}


def _override(table: dict[str, Any], known: tuple[str, ...], key: str, value: Any) -> None:
    options: dict[str, Any] = table.setdefault("options", {})
    option = key.removeprefix("options.")
    if option in options:
        options[option] = _of_kind(option, value, options[option])
    elif key in known:
        table[key] = value
    elif key not in ("name", "model") or value != table[key]:
        problem = f"recipe {table['name']} has no such setting"
        raise AssayError("unknown-setting", key, problem, choices(key, known) + ".")


def _of_kind(option: str, value: Any, own: Any) -> Any:
    """The value, of the kind of the recipe's own. Raises AssayError `bad-value` where it is of another."""
    kinds, words = next(known for known in _KINDS if isinstance(own, known[0]))
    if not isinstance(value, kinds) or isinstance(value, bool):
        problem = f"{shortened(repr(value))} is refused: it should be {words}"
        raise AssayError("bad-value", f"options.{option}", problem, f"Give one, such as {own}.")
    small: bool = isinstance(own, float) and abs(value) < _EXACT  # a larger one is refused as it is
    return float(value) if small else value


def _kind(table: Mapping[str, Any]) -> type[Recipe]:
    return Recipe if table.get("model") in CLOSED_FORMS else NetRecipe


def _typed(value: Any) -> Any:
    """A text from the command line as the value that TOML would read; other values as they are."""
    if not isinstance(value, str):
        return value
    try:
        read: dict[str, Any] = tomllib.loads(f"value = {value}")
    except (ValueError, RecursionError):  # also an integer of too many digits, lists too deep
        return value
    return read["value"] if read.keys() == {"value"} else value
