"""What a run was asked to do: the settings as one value, written to and read from `config.toml`."""

import os
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self, TypedDict

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from assay.core.errors import AssayError
from assay.core.text import choices, shortened
from assay.data.formats.safe_open import read_file
from assay.data.listing.class_names import read_class_names

Device = Literal["auto", "cpu", "cuda", "mps"]


def _as_text(value: object) -> object:
    return os.fspath(value) if isinstance(value, os.PathLike) else value


#: A path as text, from Python as a `Path` too.
PathText = Annotated[str, BeforeValidator(_as_text)]


def _as_names(value: object) -> object:
    if not isinstance(value, str):
        return value
    return tuple(name.strip() for name in value.split(",") if name.strip())


def _as_classes(value: object) -> object:
    return read_class_names(value) if isinstance(value, str) else value


#: Names; from Python also in one text, as on the command line: "identity,leakage".
Names = Annotated[tuple[str, ...], BeforeValidator(_as_names)]

#: The same of classes, whose text may be that of a file.
ClassNames = Annotated[tuple[str, ...], BeforeValidator(_as_classes)]

#: Bytes of a file of settings; those of a run have one or two thousand.
_LONGEST_FILE: Final = 1 << 20


class Reading(BaseModel):
    """How the data are read.

    name: what to call them instead of their own name. classes: names in label order. floats: "0-1" or
    "0-255" where arrays hold pixels as floats in that range. channel_order: where flat rows have the colors.
    size, resize: the working size of image files, and how they are brought to it. skip_bad: leave unreadable
    images out, counted, instead of stopping. The columns say where a table has what. layout, split_names:
    what the folders of a tree are, where the rules would ask. root: where a table's paths begin.
    follow_links: read links that stay below the folder.
    skip_unlabelled: leave rows of tables without a label out, counted, instead of stopping.
    test_fraction: share of train that becomes the test split where the data have none.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str | None = None
    classes: ClassNames | None = None
    floats: Literal["0-1", "0-255"] | bool = False
    channel_order: Literal["last", "first"] | None = None
    size: Annotated[str, Field(coerce_numbers_to_str=True)] | None = None
    resize: Literal["fit", "crop", "stretch"] | None = None
    skip_bad: bool = False
    path_column: str | None = None
    label_column: str | None = None
    split_column: str | None = None
    group_column: str | None = None
    group_pattern: str | None = None
    layout: Literal["classes", "splits", "nested"] | None = None
    split_names: str | None = None
    follow_links: bool = False
    root: PathText | None = None
    skip_unlabelled: bool = False
    test_fraction: Annotated[float, Field(gt=0, lt=1)] | None = None


class Settings(Reading):
    """What to do with which data. `recipe`: values that replace those of the recipe named by `model`.

    data: a name or path as given. model: recipe name, or several separated by commas; None takes the default
    for the data. seeds: train each with so many seeds, from `seed` on. split_seed: seed of the splits that
    are drawn, where it is another than `seed`. recipes: values that replace those of one recipe, by its name.
    validation: share of train held out, in [0, 1). threads: None lets torch decide. workers: processes that
    train a net together; None is one.
    checks: names of the audit's checks; None runs all. thorough: a larger reference classifier in the audit.
    self_test: plant known faults in a copy and count what the audit finds. features: a .npy file with the
    user's own features, one row per image. backbone: the pretrained net whose features the audit asks for
    and the recipe `pretrained` uses; None: the default. pred_probs: a file with the user's own
    out-of-sample class probabilities, by which labels are judged. answers: of `evaluate` alone: a file
    with the probabilities of a model that Assay did not train. decisions: a table of what a person decided
    about single
    images, applied to training alone. warm_start: a run or model folder, whose weights
    training begins from. checkpoint_every: minutes between two checkpoints
    inside an epoch (each epoch ends with one in any case). max_risk: the share of answers that may be
    wrong; the model then learns from its validation images when to say that it does not know.
    """

    data: str = "fashion-mnist"
    model: str | None = None
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 0
    seeds: Annotated[int, Field(ge=1, le=1000)] | None = None
    split_seed: Annotated[int, Field(ge=0, lt=2**32)] | None = None
    validation: Annotated[float, Field(ge=0, lt=1)] = 0.1
    device: Device = "auto"
    threads: Annotated[int, Field(ge=1, le=1024)] | None = None
    workers: Annotated[int, Field(ge=1, le=1024)] | None = None
    checks: Names | None = None
    thorough: bool = False
    self_test: bool = False
    features: PathText | None = None
    backbone: str | None = None
    pred_probs: str | None = None
    answers: PathText | None = None
    decisions: PathText | None = None
    warm_start: PathText | None = None
    checkpoint_every: Annotated[float, Field(ge=0, le=1e6)] = 5.0
    max_risk: Annotated[float, Field(gt=0, lt=1)] | None = None
    recipe: dict[str, Any] = Field(default_factory=dict)
    recipes: dict[str, dict[str, Any]] | None = None

    @property
    def data_seed(self) -> int:
        """The seed of everything about the data: splits that are drawn, faults that are planted."""
        return self.seed if self.split_seed is None else self.split_seed

    def reading(self) -> dict[str, Any]:
        """How the data are read, as arguments of `assay.data.load.load`."""
        return {name: getattr(self, name) for name in Reading.model_fields} | {"seed": self.data_seed}

    @classmethod
    def checked(cls, values: Mapping[str, Any]) -> Self:
        """Settings from values of any source. Raises AssayError `unknown-setting` or `bad-value`."""
        for name in values:
            if name not in cls.model_fields:
                known = choices(name, list(cls.model_fields))
                raise AssayError("unknown-setting", name, "there is no such setting", f"{known}.")
        try:
            return cls(**values)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            raise AssayError(
                "bad-value",
                f"--{where.replace('_', '-')}",
                f"{shortened(repr(first['input']))}: {first['msg']}",
                "Give a value in that range.",
            ) from error

    def as_config(self) -> dict[str, Any]:
        """The settings as TOML types (settings left at None are left out)."""
        record = self.model_dump(mode="json", exclude_none=True)
        return {"schema": 1, **record}


class ReadingSettings(TypedDict, total=False):
    """The settings of `Reading`, for editors and type checkers: what each function may be given by name."""

    name: str | None
    classes: Sequence[str] | None
    floats: Literal["0-1", "0-255"] | bool
    channel_order: Literal["last", "first"] | None
    size: str | int | None
    resize: Literal["fit", "crop", "stretch"] | None
    skip_bad: bool
    path_column: str | None
    label_column: str | None
    split_column: str | None
    group_column: str | None
    group_pattern: str | None
    layout: Literal["classes", "splits", "nested"] | None
    split_names: str | None
    follow_links: bool
    root: str | Path | None
    skip_unlabelled: bool
    test_fraction: float | None


class AuditSettings(ReadingSettings, total=False):
    """What `assay.audit` may be given by name. pred_probs: an array, a data frame, or a file."""

    seed: int
    split_seed: int | None
    checks: Sequence[str] | None
    thorough: bool
    self_test: bool
    features: str | Path | None
    backbone: str | None
    pred_probs: object


class RecipeSettings(TypedDict, total=False):
    """What a recipe may be given by name (see `assay.training.recipes`); not every recipe has each."""

    epochs: int
    batch_size: int
    learning_rate: float
    members: int
    reference: float
    reference_features: int
    normalizer: Literal["minmax", "standard"]
    precision: Literal["auto", "bfloat16", "float32"]
    least_steps: int
    beta1: float
    beta2: float
    epsilon: float
    initialization: Literal["glorot", "dirac"]
    weight_decay: float
    schedule: Literal["constant", "linear"]
    warm_up: float
    label_smoothing: float
    class_weights: Literal["equal", "balanced"]
    mirror: bool
    mirror_averaging: bool
    shift: int
    cutout: int
    erasing: float
    mixup: float
    averaging: float
    selection: float
    selection_least: int
    lengthened_patience: int
    patience: int
    hidden: int
    first_block: int
    channels: Sequence[int]
    pool_after: Sequence[int]
    unshuffle: int
    batch_norm_momentum: float
    fourier_features: int
    components: int
    backbone: str | None


class TrainSettings(AuditSettings, RecipeSettings, total=False):
    """What `assay.train` may be given by name. recipe: the recipe's settings in one mapping; for a net of
    your own also the name of the recipe that lends it its settings."""

    validation: float
    device: Device
    threads: int | None
    workers: int | None
    decisions: str | Path | None
    warm_start: str | Path | None
    checkpoint_every: float
    max_risk: float | None
    seeds: int | None
    recipe: str | Mapping[str, object]
    recipes: Mapping[str, Mapping[str, object]] | None


class RunSettings(TrainSettings, total=False):
    """What `assay.run` may be given by name. model: a recipe's name, or several with commas between."""

    model: str | None


def read_settings(file: Path) -> dict[str, Any]:
    """The settings in a TOML file, such as the `config.toml` of another run, not yet checked.

    Raises AssayError `bad-value`, and those of `read_file` (none there, a folder, a pipe, a device).
    """
    content = read_file(file, _LONGEST_FILE + 1)
    if len(content) > _LONGEST_FILE:
        what = f"it is longer than {_LONGEST_FILE:,} bytes, so it holds no settings"
        raise AssayError("bad-value", file, what, "Give the config.toml of a run.")
    try:
        values = tomllib.loads(content.decode("utf-8"))
    except (ValueError, RecursionError) as error:  # also an integer of too many digits, lists too deep
        raise AssayError("bad-value", file, f"not valid TOML: {error}", "Correct the file.") from error
    values.pop("schema", None)
    _check_tables(file, values)
    return values


def _check_tables(file: Path, values: Mapping[str, Any]) -> None:
    """Raise AssayError `bad-value` where the part on recipes cannot be taken apart."""
    recipe = values.get("recipe", {})
    recipes = values.get("recipes", {})
    tables = {"recipe": recipe, "recipes": recipes}
    if isinstance(recipe, dict):
        tables["recipe.options"] = recipe.get("options", {})
        if not isinstance(recipe.get("name", ""), str):
            raise AssayError("bad-value", file, "recipe.name is not text", "Write a recipe's name in quotes.")
    if isinstance(recipes, dict):
        tables |= {f"recipes.{name}": table for name, table in recipes.items()}
    for name, table in tables.items():
        if not isinstance(table, dict):
            fix = f"Write its settings below a line [{name}]."
            raise AssayError("bad-value", file, f"{name} is not a table of settings", fix)
