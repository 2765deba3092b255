"""The images that a person can decide about, as rows of `decisions.csv`: for spreadsheet and page."""

from collections.abc import Iterator, Mapping, Sequence

from assay.audits.registry import REVIEWED
from assay.core.text import read_csv_text
from assay.data.decisions import COLUMNS, Decision

Row = Mapping[str, str]


def suspect_rows(issues: str, decided: Sequence[Decision] = ()) -> Iterator[Row]:
    """A row for each suspect, with the columns of `assay.data.decisions.COLUMNS`.

    issues: the text of `issues.csv`. decided: earlier decisions, to be filled in; those that no suspect asks
    for any more come last, so none is lost.
    """
    before = {(d.digest, d.label, d.split, d.id): d for d in decided}
    for found in _suspects(issues):
        first = found[0]
        row = {name: first[name] for name in ("digest", "split", "index", "id", "label")}
        decision = before.pop((row["digest"], row["label"], row["split"], row["id"]), None)
        suggestion = next((issue for issue in found if issue["suggested"]), first)
        yield _whole(
            {
                **row,
                "found": "; ".join(_told(issue) for issue in found),
                "suggested": suggestion["suggested"],
                "suggested_probability": suggestion["suggested_probability"],
                "new_label": suggestion["suggested"],
                **(_answers(decision) if decision else {}),
            }
        )
    for decision in before.values():
        place = {name: getattr(decision, name) for name in ("digest", "split", "id", "label")}
        yield _whole({**place, **_answers(decision)})


def _suspects(text: str) -> Iterator[list[Row]]:
    """The issues of each image that can be decided about: by check as in `REVIEWED`, then worst first."""
    header, lines = read_csv_text(text)
    issues = [dict(zip(header, line, strict=True)) for line in lines]
    by_image: dict[tuple[str, str], list[Row]] = {}
    for check in REVIEWED:
        for issue in issues:
            if issue["check"] == check and issue["index"]:
                by_image.setdefault((issue["split"], issue["index"]), []).append(issue)
    yield from by_image.values()


def _whole(row: Row) -> Row:
    return {column: row.get(column, "") for column in COLUMNS}


def _told(issue: Row) -> str:
    """`label-errors likely-wrong 0.97 (detail)`: what a check says of an image."""
    said = f"{issue['check']} {issue['kind']} {float(issue['score']):.2f}"
    detail = issue["detail"] or issue["related_id"]
    return f"{said} ({detail})" if detail else said


def _answers(decision: Decision) -> dict[str, str]:
    own = {name: getattr(decision, name) for name in ("new_label", "reason", "who", "when")}
    return {"decision": decision.action, **{name: text for name, text in own.items() if text}}
