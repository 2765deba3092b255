"""The settings that a command line names, over those of a file."""

from typing import Any

#: Options that set a value of the recipe; all other settings are fields of `Settings`.
OF_RECIPE = ("epochs", "batch_size", "learning_rate")


#: What commands take beside settings, under names that a file must not use.
OF_A_COMMAND = ("out", "offline", "on_event")


def settings_from(parameters: dict[str, Any]) -> dict[str, Any]:
    """Settings of the file given with --config, changed by --set, changed by the options that were given.

    parameters: those of a command, by name, among others that are not settings. Options left at None keep
    what the file or the defaults say.
    """
    from assay.workflow.settings import Settings, read_settings

    config, changes = parameters.get("config"), parameters.get("changes")
    given = read_settings(config) if config is not None else {}
    if foreign := next((name for name in OF_A_COMMAND if name in given), None):
        from assay.core.errors import AssayError

        fix = f"Take it out of the file; --{foreign} says it."
        raise AssayError("unknown-setting", foreign, "this is of one command, and no setting", fix)
    if given.pop("command", None) == "evaluate":  # of a model trained elsewhere: there is no recipe of it
        given = {key: value for key, value in given.items() if key not in ("answers", "model")}
    recipe = _recipe_of(given, parameters.get("model")) | dict(
        _assignment(change) for change in changes or ()
    )
    names_of_settings = (*Settings.model_fields, *OF_RECIPE)
    chosen = {k: parameters[k] for k in names_of_settings if parameters.get(k) is not None}
    for key, read in (("checks", names), ("classes", _class_names)):
        if key in chosen:
            chosen[key] = read(chosen[key])
    return {**given, **chosen, "recipe": recipe}


def _recipe_of(given: dict[str, Any], model: str | None) -> dict[str, Any]:
    """The recipe's values in a `config.toml`.

    Without a `name` they are what somebody wishes for whatever is trained. With one they are the whole recipe
    of that name, as a run records it: it is trained where nothing else is named, and its values do not count
    where the option names another. Raises AssayError `bad-value` where the file itself does.
    """
    recipe: dict[str, Any] = given.pop("recipe", {})
    name = recipe.pop("name", None)
    recipe.pop("model", None)
    if None not in (name, model) and model != name:
        return {}
    if name is not None and given.setdefault("model", name) != name and model is None:
        from assay.core.errors import AssayError

        what = f"the file says recipe.name = {name!r} and model = {given['model']!r}"
        raise AssayError("bad-value", "--config", what, "Take one of the two out, or give --model.")
    options = recipe.pop("options", {})
    return recipe | {f"options.{key}": value for key, value in options.items()}


def _assignment(text: str) -> tuple[str, str]:
    from assay.core.errors import AssayError

    key, equals, value = text.partition("=")
    if not equals or not key.strip():
        raise AssayError(
            "bad-value", "--set", f"{text!r} is not KEY=VALUE", "Write, for example, --set epochs=3."
        )
    return key.strip(), value.strip()


def names(text: str) -> tuple[str, ...]:
    """The names in a list separated by commas."""
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _class_names(text: str) -> tuple[str, ...]:
    from assay.data.listing.class_names import read_class_names

    return read_class_names(text)
