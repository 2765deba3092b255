"""Check `identity`: counts, shapes and content against the published release of the data."""

from typing import Any, Final

import numpy as np

from assay.audits.checks.context import CheckContext, Checked
from assay.audits.values import Finding, Verdict
from assay.core.text import counted
from assay.data.releases import RELEASES, Release
from assay.data.values import Dataset, Split

#: A run of equal images at the end of a split, longer than this and than 0.1 % of it, is what a file
#: looks like that was cut and padded. Equal neighbors by chance come in twos and threes.
PADDING_RUN: Final = 8


def check_identity(context: CheckContext) -> Checked:
    """Compare counts, shapes and content with the published release, where the data have one."""
    dataset = context.dataset
    release = RELEASES.get(dataset.name)
    problems = _inner_problems(dataset)
    if release is not None:
        problems += _release_problems(dataset, release)
    verdict: Verdict = "fail" if problems else "pass"
    return Checked(
        Finding(
            check="identity",
            verdict=verdict,
            summary=_summary(dataset, release, problems),
            evidence=_evidence(dataset, release, problems),
            threshold="equal counts, shapes and content fingerprints; no padded end "
            f"(more than {PADDING_RUN} equal images in a row)",
            reason="a score is only comparable when it was measured on the very same images and labels",
            fix="Fetch the data again, or give them another name." if problems else "",
        )
    )


def _summary(dataset: Dataset, release: Release | None, problems: list[str]) -> str:
    sizes = " and ".join(f"{len(split):,} {name}" for name, split in dataset.splits.items())
    height, width, channels = dataset.shape
    classes = counted(len(dataset.classes), "class", "classes")
    read = f"{sizes} images of {height} x {width} x {channels}, uint8, {classes}"
    if problems:
        return f"{read}: {'; '.join(problems)}."
    if release is not None:
        named = "" if dataset.classes == release.classes else ", its classes under other names"
        return f"{read}: content identical to the published release ({release.title}){named}."
    known = _known_release(dataset)
    if known is not None:
        return f"{read}: content identical to the published release ({known.title}), under other names."
    return (
        f"{read}: consistent; there is no published release to compare with, so the fingerprint is recorded."
    )


def _evidence(dataset: Dataset, release: Release | None, problems: list[str]) -> dict[str, Any]:
    return {
        "splits": {
            name: {
                "count": len(split),
                "shape": list(split.shape),
                "dtype": "uint8",
                "label_minimum": int(split.labels.min()) if len(split) else None,
                "label_maximum": int(split.labels.max()) if len(split) else None,
                "fingerprint": dataset.fingerprints[name],
            }
            for name, split in dataset.splits.items()
        },
        "release": release.title if release else None,
        "problems": problems,
    }


def _inner_problems(dataset: Dataset) -> list[str]:
    problems = [f"the {name} split has no images" for name, s in dataset.splits.items() if len(s) == 0]
    shapes = {split.shape for split in dataset.splits.values()}
    if len(shapes) > 1:
        problems.append(f"the splits differ in shape: {sorted(shapes)}")
    for name, split in dataset.splits.items():
        run = trailing_run(split)
        if run > max(PADDING_RUN, len(split) // 1000):
            problems.append(f"the last {run:,} {name} images are all the same, as in a file cut and padded")
    return problems


def trailing_run(split: Split) -> int:
    """How many images at the end of a split equal the last one (at least 1 when there is any)."""
    if len(split) == 0:
        return 0
    differs = np.flatnonzero((split.digests != split.digests[-1]).any(axis=1))
    return len(split) - 1 - int(differs[-1]) if len(differs) else len(split)


def _release_problems(dataset: Dataset, release: Release) -> list[str]:
    problems = []
    for name, expected in release.splits.items():
        split = dataset.splits.get(name)
        if split is None:
            problems.append(f"the release has a {name} split, these data have none")
        elif len(split) != expected.count:
            problems.append(f"{len(split):,} {name} images, the release has {expected.count:,}")
        elif expected.fingerprint not in _fingerprints(dataset, name, release):
            problems.append(f"the {name} images, labels or class names differ from the release")
    return problems


def _fingerprints(dataset: Dataset, name: str, release: Release) -> set[str]:
    """Of a split as it is, and where its classes are numbers, or have other names, with the release's names.

    Names of the release at other labels are no other names: there, labels and names disagree.
    """
    own = {dataset.fingerprints[name]}
    if set(dataset.classes) & set(release.classes) or len(dataset.classes) != len(release.classes):
        return own
    return own | {dataset.splits[name].fingerprint(release.classes)}


def _known_release(dataset: Dataset) -> Release | None:
    for release in RELEASES.values():
        if not _release_problems(dataset, release):
            return release
    return None
