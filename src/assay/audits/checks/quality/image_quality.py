"""Check `quality`: images that show nothing, or show it badly, and pixels that are dead in all of them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from assay.audits.checks.context import CheckContext, Checked
from assay.audits.checks.issues import counted, flagged, not_evaluated, percent
from assay.audits.checks.quality.damage import CERTAIN, FILLED, NOISY, UNLIKELY, Flaw, Mask
from assay.audits.checks.quality.damage import SMALLEST as SMALLEST_DAMAGED
from assay.audits.checks.quality.exposure import BRIGHT, DARK, FLAT, NARROW, SATURATED
from assay.audits.checks.quality.flaws import CONTACT, SMALLEST, SOFT, UNUSUAL, flaws
from assay.audits.issues import Issue
from assay.audits.measures.dead_pixels import dead_pixels
from assay.audits.measures.robust_z import FEWEST
from assay.audits.values import Finding

#: What more than this share of a class has is its nature, if so many of its images have it.
NATURE: Final = 0.5
_SEVERAL: Final = 3

#: More than this share of flawed images, and more than two, is not a few bad files any more. Kinds that a
#: picture may have by what it shows do not count: a blue cup, a night, a badge, white paper, a fine stroke; a
#: lower part in black or white may be drawn so (a flag), in gray it is not.
FAIL_SHARE: Final = 0.01
_MAY_BE_SHOWN: Final = ("blurry", "channels", "cropped", "negative", "saturated", "shuffled")

#: Nor do these where the class has too few training images to tell what is usual of it, and the picture shows
#: a small thing: a full stop on white paper, a star. Its values span `_SPAN` gray levels, and deviate by so
#: large a part of these as a thing of a twentieth of a side each way makes them; a speck makes less.
_SMALL_THING: Final = ("bright", "dark", "low-contrast")
_SPAN: Final = 100
_THING: Final = 0.05


@dataclass(frozen=True, eq=False)
class _Seen:
    """What was seen in one split: issues, and by kind and class the images that their class excuses."""

    issues: tuple[Issue, ...]
    nature: Counter[tuple[str, int]]


def check_quality(context: CheckContext) -> Checked:
    """Find images that show nothing, or show it badly, are damaged or cut; dead pixels."""
    total = sum(len(split) for split in context.dataset.splits.values())
    if not total:
        return not_evaluated("quality", "there are no images")
    listed = {name: flaws(context, name) for name in context.dataset.splits}
    usual = {flaw.kind: _usual_classes(context, "train", flaw) for flaw, _ in listed["train"]}
    seen = [_seen(context, name, each, usual) for name, each in listed.items()]
    issues = [issue for split in seen for issue in split.issues]
    nature = sum((split.nature for split in seen), Counter[tuple[str, int]]())
    dead = dead_pixels(context.measurements)
    kinds = {kind: sum(issue.kind == kind for issue in issues) for kind in sorted({i.kind for i in issues})}
    images = len(issues)
    few = context.dataset.train.counts(len(context.dataset.classes)) < FEWEST
    unsure = [issue.kind for issue in issues if _may_be_shown(context, issue, few)]
    bad = images - len(unsure)
    fails = bad >= _SEVERAL and bad > FAIL_SHARE * total
    return Checked(
        Finding(
            check="quality",
            verdict="fail" if fails else "warn" if images or dead else "pass",
            summary=_summary(images, total, kinds, dead, unsure)
            + _told_unsure(unsure)
            + _told_nature(context, nature),
            evidence={
                "kinds": kinds,
                "images": total,
                "nature": _nature_record(context, nature),
                "dead_pixels": dead[:20],
                "dead_pixel_count": len(dead),
            },
            threshold=_threshold(),
            reason="such a picture cannot tell its class: in training it teaches chance, in a test it "
            "measures nothing. What is usual in a class (plain sky, an object that fills the frame) is no "
            "flaw",
            fix="Look at the flagged images: take those again that are faulty, or leave them out."
            if images or dead
            else "",
            count=images,
        ),
        tuple(issues),
    )


def _threshold() -> str:
    contact, filled, nature, fails = (percent(x, 0) for x in (CONTACT, FILLED, NATURE, FAIL_SHARE))
    return (
        f"dark: nothing over {DARK}; bright: nothing under {BRIGHT}; blank: deviation under {FLAT}; low "
        f"contrast: span under {NARROW} gray levels, each only far outside of its class; blurry, "
        f"saturated: {UNUSUAL:g} robust deviations from the class; saturated also over "
        f"{percent(SATURATED, 0)} of the pixels at 255 beyond the class, far beyond a tenth of it; blurry "
        f"and cropped from {SMALLEST} pixels a side on; blurry also, from 64 pixels a side "
        f"on and at the size of the file: fine structure under {SOFT:g} of that at half the size, and a "
        f"quarter under the class; cropped: over {contact} of the border, far beyond the class; "
        f"truncated: over {filled} of the height in one value without color, only gray is sure; noise: over "
        f"{NOISY:g} gray levels all over, far beyond the class; shuffled: rows in an order like chance; both "
        f"from {SMALLEST_DAMAGED} pixels a side on; negative, channels: a "
        f"regression, 1 for as it should be and -1 for changed, under {-CERTAIN:g} to {-UNLIKELY:g}, by how "
        "well the set tells it; dead pixels: one value in all images of the set, or of a split where the "
        "others vary, among neighbors that vary; what more "
        f"than {nature} of a class has is its nature; {_SEVERAL} images and more than {fails} fail, without "
        f"those that are {', '.join(_MAY_BE_SHOWN[:-1])} or {_MAY_BE_SHOWN[-1]}, and without "
        f"dark, bright and low-contrast ones that span {_SPAN} gray levels or more, in more than a speck, in "
        f"classes of fewer than {FEWEST} training images"
    )


def _may_be_shown(context: CheckContext, issue: Issue, few: Mask) -> bool:
    """Whether the picture may be so by what it shows. few: classes of few training images."""
    if issue.kind == "truncated":
        return not context.texture[issue.split].gray[issue.index]
    if issue.kind not in _SMALL_THING:
        return issue.kind in _MAY_BE_SHOWN
    look = context.stored_image_stats[issue.split]
    reach, deviation = float(look.reach[issue.index]), float(look.deviation[issue.index])
    of_few = bool(few[context.dataset.splits[issue.split].labels[issue.index]])
    return of_few and reach >= _SPAN and deviation >= _THING * reach


def _summary(
    images: int, total: int, kinds: Mapping[str, int], dead: list[dict[str, Any]], unsure: Sequence[str]
) -> str:
    pixels = _told_dead(dead)
    if not images:
        return (
            f"None of the {total:,} images stands out as blank, dark, flat, blurry, cut or damaged.{pixels}"
        )
    listed = ", ".join(f"{count:,} {_IN_WORDS.get(kind, kind)}" for kind, count in kinds.items())
    or_may_be = " or may be" if unsure else ""
    one, more = ("may be",) * 2 if len(unsure) == images else (f"is{or_may_be}", f"are{or_may_be}")
    told = counted(images, total, f"image {one} of poor quality", f"images {more} of poor quality")
    return f"{told}: {listed}.{pixels}"


def _told_unsure(unsure: Sequence[str]) -> str:
    """Both readings of the kinds that a picture may have by what it shows; empty without any."""
    told = [_IN_WORDS.get(kind, kind) for kind in sorted(set(unsure))]
    if not told:
        return ""
    kinds_told = " or ".join([", ".join(told[:-1]), told[-1]] if len(told) > 1 else told)
    return f" What is {kinds_told} may be so by what it shows: the pixels cannot say."


#: Kinds that are no adjective.
_IN_WORDS: Final = {
    "channels": "with exchanged color channels",
    "low-contrast": "of low contrast",
    "noise": "noisy",
    "shuffled": "with shuffled rows",
}


def _told_nature(context: CheckContext, nature: Counter[tuple[str, int]]) -> str:
    """` Not far outside of their class, and not counted: 49 blank in moon.`, the most frequent three."""
    if not nature:
        return ""
    listed = [
        f"{n:,} {_IN_WORDS.get(kind, kind)} in {context.dataset.classes[label]}"
        for (kind, label), n in nature.most_common(3)
    ]
    more = sum(nature.values()) - sum(n for _, n in nature.most_common(3))
    listed += [f"{more:,} more"] if more else []
    return f" Not far outside of their class, and not counted: {', '.join(listed)}."


def _nature_record(context: CheckContext, nature: Counter[tuple[str, int]]) -> list[dict[str, Any]]:
    names = context.dataset.classes
    return [{"kind": kind, "class": names[label], "images": n} for (kind, label), n in nature.most_common()]


def _told_dead(dead: list[dict[str, Any]]) -> str:
    """` 2 pixels are dead or stuck in every image.`, and of one split alone `... in every train image.`"""
    told = ""
    for splits, count in Counter(tuple(place["splits"]) for place in dead).items():
        several = "pixel is" if count == 1 else "pixels are"
        where = "image" if len(splits) > 1 else f"{splits[0]} image"
        told += f" {count:,} {several} dead or stuck in every {where}."
    return told


def _seen(
    context: CheckContext, name: str, listed: list[tuple[Flaw, Mask]], usual: Mapping[str, Mask]
) -> _Seen:
    """Each flawed image once, under the first kind of `flaws` that holds; and each that its class excuses.

    usual: by kind the classes that have it by nature in train.
    """
    labels = context.dataset.splits[name].labels
    taken, excused, kind_of = np.zeros(len(labels), bool), np.zeros(len(labels), bool), {}
    issues = []
    for flaw, under in listed:
        natural = (usual[flaw.kind] | _usual_classes(context, name, flaw))[labels]
        counts = ~natural & flaw.mask
        for row in np.flatnonzero((flaw.mask | under) & ~counts & ~excused).tolist():
            kind_of[row] = flaw.kind
        excused |= (flaw.mask | under) & ~counts
        issues += [
            flagged(
                context.dataset,
                "quality",
                flaw.kind,
                float(flaw.score[row]),
                name,
                int(row),
                detail=flaw.sentence(int(row)),
            )
            for row in np.flatnonzero(counts & ~taken)
        ]
        taken |= counts
    nature = Counter((kind, int(labels[row])) for row, kind in kind_of.items() if not taken[row])
    return _Seen(tuple(issues), nature)


def _usual_classes(context: CheckContext, name: str, flaw: Flaw) -> Mask:
    """Which classes have the flaw by nature, as a split shows it. A constant picture is nobody's nature.

    A class of train with few images is judged by all classes, so a few of them tell its own nature.
    """
    labels = context.dataset.splits[name].labels
    counts = np.bincount(labels, minlength=len(context.dataset.classes))
    flawed = np.bincount(labels[flaw.mask], minlength=len(counts))
    enough = flawed >= _SEVERAL if name == "train" else counts >= FEWEST
    usual: Mask = (flawed > NATURE * counts) & enough & (flaw.kind != "constant")
    return usual
