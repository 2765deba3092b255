"""Where the model looked in its most confident mistakes, as a figure."""

from typing import Any, Final, Literal

import numpy as np
from matplotlib.colors import to_rgb
from numpy.typing import NDArray

from assay.data.values import Split, images_of
from assay.evaluation.grouped import student_quantile
from assay.evaluation.intervals import CONFIDENCE
from assay.evaluation.values import Evaluation
from assay.reports.drawing.canvas import label
from assay.reports.drawing.captions import figure
from assay.reports.drawing.colors import ORANGE
from assay.reports.drawing.image_grid import Grid, draw_grid, row_by_row
from assay.reports.drawing.image_tiles import shrunk
from assay.reports.findings.wording import count, percent
from assay.reports.values import Figure, Saliency, Table

Name = Literal["saliency", "saliency-asked"]

#: Beside each other: four images, each with its overlay, of so many pixels a side.
_PAIRS: Final = 4
_SIDE: Final = 48

#: The outer ring of a picture: this share of its sides, all around.
_RING: Final = 0.15

#: The ring's share of the weight by its share of the area: within a fifth of 1 the model has no preference.
_LEANS: Final = 0.2


def saliency_figure(
    saliency: Saliency, evaluation: Evaluation, split: Split, name: Name = "saliency"
) -> Figure:
    """Test images, each beside the places that its answer rests on.

    name: `saliency` of the most confident mistakes, `saliency-asked` of images that somebody asked for.
    """
    images = shrunk(_colored(images_of(split, saliency.rows)), _SIDE)
    maps = _scaled(saliency.maps)
    small = shrunk((255 * maps[..., None]).astype(np.uint8), _SIDE).astype(np.float64) / 255
    pairs = np.stack([images, _overlaid(images, small)], axis=1).reshape(-1, *images.shape[1:])
    told = [(label(a), f"for {label(b)}") for a, b in _names(saliency, evaluation)]
    captions = [caption for pair in told for caption in (pair, ("", ""))]
    columns = 2 * _PAIRS
    grid = Grid(
        pairs,
        row_by_row(len(pairs), columns),
        (-(-len(pairs) // columns), columns),
        captions=captions,
    )
    record = saliency_record(saliency)
    return figure(
        name,
        draw_grid(name, grid),
        f"{_many(name, len(saliency.rows))}, each beside the same image with the places in color that the "
        "answer rests on.",
        saliency_finding(record, _many(name, len(saliency.rows)).removeprefix("1 ")),
        Table(
            ("image", "label", "answer", "weight in the outer ring"),
            tuple(
                (split.ids[row], *pair, percent(share))
                for row, pair, share in zip(
                    saliency.rows.tolist(), _names(saliency, evaluation), record["outer_shares"], strict=True
                )
            ),
            "Weight: the sum of what speaks for the answer. The outer ring takes "
            f"{percent(_RING, 0)} of the sides, all around.",
        ),
        record=record,
    )


def _names(saliency: Saliency, evaluation: Evaluation) -> list[tuple[str, str]]:
    classes = evaluation.classes
    return [
        (classes[evaluation.labels[row]], classes[evaluation.predicted[row]])
        for row in saliency.rows.tolist()
    ]


def saliency_record(saliency: Saliency) -> dict[str, Any]:
    """Rows, the share of each map's positive weight in the outer ring, and the ring's share of the area."""
    weight = np.maximum(saliency.maps, 0)
    _, height, width = weight.shape
    ring = np.ones((height, width), bool)
    down, right = round(_RING * height), round(_RING * width)
    ring[down : height - down, right : width - right] = False
    totals = weight.sum(axis=(1, 2))
    shares = [
        float(w[ring].sum() / total) if total > 0 else None for w, total in zip(weight, totals, strict=True)
    ]
    known = [share for share in shares if share is not None]
    return {
        "rows": saliency.rows.tolist(),
        "outer_shares": shares,
        "outer_share": float(np.mean(known)) if known else None,
        "outer_area": float(ring.mean()),
    }


def _many(name: Name, number: int) -> str:
    return count(number, "most confident mistake" if name == "saliency" else "image asked for")


def saliency_finding(record: dict[str, Any], which: str) -> str:
    """Where the model looks in some images. record: of `saliency_record`; which: their name."""
    share, area = record["outer_share"], record["outer_area"]
    if share is None or area in (0, 1):
        return "Covering no single place weakens any of these answers."
    known = [one for one in record["outer_shares"] if one is not None]
    return (
        f"In the {which}, {percent(share, 0)} of what the answers rest on lies in the outer ring, which is "
        f"{percent(area, 0)} of the picture: {_where(known, area)}."
    )


def _where(shares: list[float], area: float) -> str:
    """Where the model looks, as far as so many images tell (Student's t). area: of the ring, as a share."""
    if len(shares) < 2:
        return "one answer says nothing of others"
    lean, error = np.mean(shares) / area - 1, np.std(shares, ddof=1) / area / np.sqrt(len(shares))
    if abs(lean) <= _LEANS:
        return "the model looks at no one place"
    place = "toward the border" if lean > 0 else "toward the middle"
    chance = abs(lean) <= error * student_quantile(CONFIDENCE, len(shares) - 1)
    return f"the model looks {place}" + (", which may be chance in so few" if chance else "")


def _scaled(maps: NDArray[np.float64]) -> NDArray[np.float64]:
    """Each map's positive part as shares of its largest value."""
    positive = np.maximum(maps, 0)
    shares: NDArray[np.float64] = positive / np.maximum(positive.max(axis=(1, 2), keepdims=True), 1e-9)
    return shares


def _colored(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return images if images.shape[3] == 3 else images.repeat(3, axis=3)


def _overlaid(images: NDArray[np.uint8], strengths: NDArray[np.float64]) -> NDArray[np.uint8]:
    """The images in dimmed gray, with the color of mistakes where the strength is high."""
    gray = 0.55 * images.mean(axis=3, keepdims=True).repeat(3, axis=3)
    color = 255 * np.array(to_rgb(ORANGE)) + 60
    mixed = gray * (1 - 0.85 * strengths) + color * 0.85 * strengths
    colors: NDArray[np.uint8] = np.clip(np.rint(mixed), 0, 255).astype(np.uint8)
    return colors
