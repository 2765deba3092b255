"""The tables of docs/planted-faults.md on copies, damage and outliers, Assay beside its peers."""

from typing import Any

#: Family of faults -> title, and what Assay's row and a peer's call what they flag on the clean twin.
FAMILIES = {
    "copies": ("copies", "near copies", "copies"),
    "damages": ("damaged pictures", "quality", "bad"),
    "exposures": ("badly taken pictures", "quality", "bad"),
    "strangers": ("pictures of another set", "atypical or quality", "strange"),
}

HEAD = """
## Assay beside CleanVision, DataEval and cleanlab

The same pictures went to {tools}, each at its defaults
(`benchmarks/truth_peers.py`, its commit in the result file). CleanVision and DataEval say that a picture is
an issue or an outlier, whatever the fault; CleanVision's "grayscale" does not count. cleanlab's Datalab
judges features and was given those of Assay's reference; it looks for no damage. Assay finds pictures of
another set by `atypical` or `quality`. "-": the tool has no such check.

**Where a peer is better**: it finds more of a kind in a set, and flags no more of the clean twin. That is so
in {better} of {rows} rows; in {more} others a peer finds more and flags more of the clean twin than Assay.

| Set | Fault | Planted | Assay | Better |
| --- | --- | --- | --- | --- |
"""


def peers_section(own: dict[str, Any], peers: dict[str, Any]) -> str:
    """Who is better than Assay first, then all sets added up, then what is flagged on clean sets."""
    names = list(peers["versions"])
    better, more, rows, lines = 0, 0, 0, ""
    for name, row in own.items():
        for family in FAMILIES:
            for kind, (found, planted) in row[family].items():
                if not planted:
                    continue
                winners = [peer for peer in names if _found(peers, name, peer, family, kind, -1) > found]
                clean = {peer: _clean(own, peers, name, peer, family) for peer in (*names, "Assay")}
                fair = [peer for peer in winners if clean[peer] <= clean["Assay"]]
                rows, better, more = rows + 1, better + bool(fair), more + bool(winners and not fair)
                told = ", ".join(f"{p} {_found(peers, name, p, family, kind, 0)}" for p in fair)
                lines += f"| {name} | {kind} | {planted} | {found} | {told} |\n" if fair else ""
    tools = ", ".join(f"{peer} {version}" for peer, version in peers["versions"].items())
    text = HEAD.format(tools=tools, better=better, more=more, rows=rows) + lines
    return text + _added_up(own, peers, names) + _on_clean(own, peers, names)


def _found(peers: dict[str, Any], name: str, peer: str, family: str, kind: str, none: int) -> int:
    return int(peers["judging"][name][peer].get(family, {}).get(kind, [none])[0])


def _clean(own: dict[str, Any], peers: dict[str, Any], name: str, peer: str, family: str) -> float:
    _, mine, theirs = FAMILIES[family]
    if peer == "Assay":
        return float(own[name]["clean"][mine])
    return float(peers["judging"][name][peer]["clean"].get(theirs, float("inf")))


def _added_up(own: dict[str, Any], peers: dict[str, Any], names: list[str]) -> str:
    text = f"\nAll {len(own)} sets added up, found of planted:\n\n"
    text += f"| Fault | Planted | Assay | {' | '.join(names)} |\n{'| --- ' * (3 + len(names))}|\n"
    for family in FAMILIES:
        for kind in dict.fromkeys(kind for row in own.values() for kind in row[family]):
            sets = [name for name, row in own.items() if kind in row[family]]
            found, planted = (sum(own[name][family][kind][i] for name in sets) for i in (0, 1))
            cells = [
                str(sum(_found(peers, name, peer, family, kind, 0) for name in sets))
                if family in peers["judging"][sets[0]][peer]
                else "-"
                for peer in names
            ]
            text += f"| {kind} | {planted} | {found} | {' | '.join(cells)} |\n"
    return text


def _on_clean(own: dict[str, Any], peers: dict[str, Any], names: list[str]) -> str:
    """Flags on the sets as they are, by family."""
    text = (
        "\nFlagged in the sets as they are, copies / pictures of poor quality / outliers. A true fault of a "
    )
    text += "set counts as a false alarm.\n\n"
    text += f"| Set | Images | Assay | {' | '.join(names)} |\n{'| --- ' * (3 + len(names))}|\n"
    for name, row in own.items():
        cells = [
            " / ".join(
                _number(_clean(own, peers, name, peer, family))
                for family in FAMILIES
                if family != "exposures"
            )
            for peer in ("Assay", *names)
        ]
        text += f"| {name} | {row['images']} | {' | '.join(cells)} |\n"
    return text


def _number(value: float) -> str:
    return "-" if value == float("inf") else f"{value:.0f}"


def set_section(name: str, row: dict[str, Any], peers: dict[str, Any], names: list[str]) -> str:
    """One set: every kind of fault, every tool."""
    text = f"\n### {name}\n\n{row['images']} images, {row['classes']} classes.\n\n"
    text += f"| Fault | Planted | Assay | {' | '.join(names)} |\n{'| --- ' * (3 + len(names))}|\n"
    for family in FAMILIES:
        for kind, (found, planted) in row[family].items():
            cells = [
                str(_found(peers, name, peer, family, kind, 0))
                if family in peers["judging"][name][peer]
                else "-"
                for peer in names
            ]
            text += f"| {kind} | {planted} | {found} | {' | '.join(cells)} |\n" if planted else ""
    return text
