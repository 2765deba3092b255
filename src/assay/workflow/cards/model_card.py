"""The model card: what the model is, what it was measured at, and where it should not be trusted."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from assay.core.text import counted, markdown_text
from assay.training.model.values import History
from assay.workflow.cards.front_matter import front_matter
from assay.workflow.cards.source import CardSource

#: Classes in the table of the weakest.
_WEAKEST: Final = 10

_ADJUSTED: Final = {
    "as_given": "all test images",
    "without_copies": "without test images that have a copy, or images of their group, in training",
    "without_suspects": "without test images whose label is doubtful",
    "without_both": "without both",
}


def model_card(source: CardSource) -> str:
    """The card as Markdown with its head. The run must have a model."""
    assert source.model is not None
    costs = {key: source.model["layers"][key] for key in ("parameters", "multiply_adds", "bytes")}
    name = markdown_text(_name(source))
    versions = ", ".join(f"{k} {v}" for k, v in sorted(source.manifest.get("versions", {}).items()))
    return "\n".join(
        [
            front_matter(_head(source)),
            f"# Model card: {name}",
            "",
            f"An image classifier for {len(source.classes):,} classes: "
            f"recipe `{source.model['recipe']['name']}`, {costs['parameters']:,} parameters, "
            f"{costs['multiply_adds']:,} multiply-adds per image, "
            f"{costs['bytes'] / 1e6:.2f} MB. Made by Assay from a run.",
            "",
            "## Use",
            "",
            "`assay predict RUN PICTURE.png` brings a picture to the model's input as in training. The files "
            "in `model/` are plain arrays and JSON; reading them runs no code.",
            "",
            "## Score",
            "",
            *_score(source.evaluation),
            "## Where it is weak",
            "",
            *_weak(source),
            "## Training",
            "",
            f"Data: {markdown_text(source.data_name)}, "
            f"fingerprint `{source.audit['dataset']['fingerprint']}`. "
            f"Seed {source.config.get('seed', 0)}, {_course(source.model['history'])}. "
            "The test split was not used to choose anything. Settings: `config.toml`.",
            f"Versions: {markdown_text(versions)}.",
            "",
            "## What Assay cannot know",
            "",
            "To be written by whoever publishes the model: what it is meant for, what it must not be "
            "used for, and whether the test images are like those it will see.",
            "",
            f"License: {markdown_text(source.license) or 'not stated'}.",
            "",
        ]
    )


def _course(records: Sequence[Mapping[str, Any]]) -> str:
    if History.from_record(records).closed_form:
        return "fitted at once"
    return counted(len(records), "epoch", "epochs")


def _name(source: CardSource) -> str:
    assert source.model is not None
    return f"{source.data_name}, {source.model['recipe']['name']}"


def _head(source: CardSource) -> dict[str, Any]:
    head: dict[str, Any] = {"library_name": "assay", "pipeline_tag": "image-classification"}
    head |= {"tags": ["assay", "image-classification"]}
    head |= {"license": source.license} if source.license else {}
    if source.evaluation is None:
        return head
    test = source.evaluation["test"]
    metrics = [
        {"type": kind, "value": test[key]} for kind, key in (("accuracy", "accuracy"), ("f1", "macro_f1"))
    ]
    data = {"type": source.data_name, "name": source.data_name, "split": "test"}
    task = {"type": "image-classification"}
    result = {"task": task, "dataset": data, "metrics": [m for m in metrics if m["value"] is not None]}
    return head | {
        "metrics": ["accuracy", "f1"],
        "model-index": [{"name": _name(source), "results": [result]}],
    }


def _score(evaluation: Mapping[str, Any] | None) -> list[str]:
    if evaluation is None:
        return ["Not measured: the test images have not been looked at.", ""]
    rows = ["| accuracy on | images | accuracy | 95 % interval |", "| --- | --- | --- | --- |"]
    for key, words in _ADJUSTED.items():
        found = evaluation["honest"].get(key)
        if found is not None:
            low, high = found["ci95"]
            rows.append(f"| {words} | {found['n']:,} | {found['accuracy']:.4f} | {low:.4f} to {high:.4f} |")
    return [*rows, ""]


def _weak(source: CardSource) -> list[str]:
    if source.evaluation is None:
        return ["Not measured.", ""]
    per_class = source.evaluation["test"]["per_class"]
    known = [(c["recall"], name, c) for name, c in per_class.items() if c["recall"] is not None]
    rows = ["| class | recall | precision | test images |", "| --- | --- | --- | --- |"]
    for recall, name, found in sorted(known, key=lambda row: (row[0], row[1]))[:_WEAKEST]:
        precision = "-" if found["precision"] is None else f"{found['precision']:.3f}"
        rows.append(f"| {markdown_text(name)} | {recall:.3f} | {precision} | {found['support']:,} |")
    left = len(known) - _WEAKEST
    other = "The other class has" if left == 1 else f"The other {left:,} classes have"
    return [*rows, "", *([f"{other} no lower recall.", ""] if left > 0 else [])]
