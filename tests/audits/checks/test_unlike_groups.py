"""The check `label-errors` on clips: a clip that looks unlike its class is named, and counted once."""

from functools import cache

import numpy as np

from assay.audits.checks.context import CheckContext, Checked
from assay.audits.checks.labels.label_errors import check_label_errors
from assay.audits.measures.pixel_sums import measure
from assay.data.values import Dataset, Split, numbered_ids

CLIPS, FRAMES = 30, 10


@cache
def audited(odd: bool) -> tuple[Checked, CheckContext]:
    """Bars of two directions, ten frames of a clip; one clip of class a shows what class b shows."""
    rng = np.random.default_rng(3)
    labels = np.repeat(np.arange(CLIPS) % 2, FRAMES)
    shown = labels.copy()
    if odd:
        shown[:FRAMES] = 1
    angle = np.where(shown == 0, 0.3, 1.2) + np.repeat(rng.normal(0, 0.02, CLIPS), FRAMES)
    phase = np.repeat(rng.uniform(0, 6, CLIPS), FRAMES) + rng.normal(0, 0.3, len(labels))
    y, x = np.mgrid[:16, :16]
    waves = np.cos(angle)[:, None, None] * x + np.sin(angle)[:, None, None] * y + phase[:, None, None]
    images = np.clip(128 + 70 * np.sin(waves) + rng.normal(0, 8, waves.shape), 0, 255)
    group = np.array([f"clip {i // FRAMES}" for i in range(len(labels))], dtype=object)
    ids = numbered_ids("train", len(labels))
    split = Split.from_arrays(images.astype(np.uint8)[..., None], labels, ids, {"group": group})
    dataset = Dataset("toy", ("a", "b"), {"train": split}, "a test")
    context = CheckContext(dataset, {"train": measure(split, 2)})
    return check_label_errors(context), context


def test_a_clip_unlike_its_class_is_named_once():
    """With how many images, what it looks like, and one chance for all of them."""
    found, context = audited(odd=True)
    (told,) = found.finding.evidence["whole_groups"]
    assert (told["group"], told["images"], told["label"], told["suggested"]) == (
        "group clip 0",
        FRAMES,
        "a",
        "b",
    )
    assert "look at one image of each: group clip 0 (10 images of a) looks like b." in found.finding.summary
    assert (context.wrong_chances["train"][:FRAMES] <= told["chance_wrong"]).all()
    listed = {issue.index for issue in found.issues}
    assert listed in (set(), set(range(FRAMES)))


def test_clips_like_their_class_are_not_named():
    """The twin without the odd clip."""
    found, _ = audited(odd=False)
    assert found.finding.evidence["whole_groups"] == []
    assert "right or wrong as a whole" not in found.finding.summary
