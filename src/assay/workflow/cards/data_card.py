"""The data card: what is in the data, what the audit found, and what nobody but their owner can say."""

from typing import Any, Final

from assay.core.text import markdown_text
from assay.workflow.cards.front_matter import front_matter
from assay.workflow.cards.source import CardSource

#: Upper bounds of the Hub's size categories.
_SIZES: Final = (
    (1_000, "n<1K"),
    (10_000, "1K<n<10K"),
    (100_000, "10K<n<100K"),
    (1_000_000, "100K<n<1M"),
    (10_000_000, "1M<n<10M"),
)


def data_card(source: CardSource) -> str:
    """The card as Markdown with its head."""
    data = source.audit["dataset"]
    height, width, channels = data["shape"]
    return "\n".join(
        [
            front_matter(_head(source)),
            f"# Data card: {markdown_text(source.data_name)}",
            "",
            f"{_count(source):,} images of {len(source.classes):,} classes, read as {height} x {width} x "
            f"{channels}. Made by Assay from an audit; the figures are those of `audit.json`.",
            "",
            "## Splits",
            "",
            "| split | images | purpose | fingerprint |",
            "| --- | --- | --- | --- |",
            *(
                f"| {markdown_text(name)} | {part['count']:,} | {markdown_text(part['purpose'])} | "
                f"`{part['fingerprint'][:16]}` |"
                for name, part in data["splits"].items()
            ),
            "",
            "## Classes",
            "",
            *_classes(source),
            "",
            "## What the audit found",
            "",
            "| check | verdict | flagged | finding | what to do |",
            "| --- | --- | --- | --- | --- |",
            *(
                f"| {f['check']} | {f['verdict']} | {f['count']:,} | {markdown_text(f['summary'])} | "
                f"{markdown_text(f['fix']) or '-'} |"
                for f in source.audit["findings"]
            ),
            "",
            *_notes(data),
            "## What Assay cannot know",
            "",
            "To be written by the owner of the data: who took the pictures, when and for what; who is in "
            "them and whether they agreed; who labelled them and how; what the data must not be used for.",
            "",
            f"License: {markdown_text(source.license) or 'not stated'}.",
            "",
        ]
    )


def _count(source: CardSource) -> int:
    return sum(int(part["count"]) for part in source.audit["dataset"]["splits"].values())


def _head(source: CardSource) -> dict[str, Any]:
    count, splits = _count(source), source.audit["dataset"]["splits"]
    label = {"class_label": {"names": {str(n): name for n, name in enumerate(source.classes)}}}
    features = [{"name": "image", "dtype": "image"}, {"name": "label", "dtype": label}]
    parts = [{"name": name, "num_examples": part["count"]} for name, part in splits.items()]
    size = next((name for bound, name in _SIZES if count < bound), "n>10M")
    head: dict[str, Any] = {"pretty_name": source.data_name, "task_categories": ["image-classification"]}
    head |= {"size_categories": [size], "tags": ["assay", "croissant"]}
    head |= {"license": source.license} if source.license else {}
    return head | {"dataset_info": {"features": features, "splits": parts}}


def _classes(source: CardSource) -> list[str]:
    splits = source.audit["dataset"]["splits"]
    names = source.audit["dataset"]["classes"]
    rows = [f"| class | {' | '.join(map(markdown_text, splits))} |", f"| --- |{' --- |' * len(splits)}"]
    for name in names:
        counts = [f"{part['per_class'].get(name, 0):,}" for part in splits.values()]
        rows.append(f"| {markdown_text(name)} | {' | '.join(counts)} |")
    return rows


def _notes(data: Any) -> list[str]:
    if not data["notes"]:
        return []
    return ["## Read from", "", *(f"- {markdown_text(note)}" for note in data["notes"]), ""]
