"""How soon the server sees that other images arrive, and how often it cries for nothing.

    python benchmarks/serve_drift.py [DATA]

Reference: the training images. Streams of the same kind: 1,000 test images drawn anew, judged after every
64 as the server does; a false alarm is one verdict other than `pass` in a stream. Changed streams: the same,
changed.
"""

import sys
from collections.abc import Callable
from typing import Any

import numpy as np
from PIL import Image, ImageFilter

import assay
from assay.deployment.serving.drift import WINDOW, compare
from assay.deployment.serving.reference import Reference, reference_of
from measuring import conditions, write_result

STREAMS = 3000
LENGTH = 1000


def filtered(kind: Any) -> Callable[[np.ndarray], np.ndarray]:
    def change(images: np.ndarray) -> np.ndarray:
        squeezed = [Image.fromarray(one[..., 0] if one.shape[2] == 1 else one).filter(kind) for one in images]
        return np.stack([np.asarray(one) for one in squeezed]).reshape(images.shape)

    return change


CHANGES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "inverted": lambda images: 255 - images,
    "blurred, radius 1": filtered(ImageFilter.GaussianBlur(1)),
    "blurred, radius 0.7": filtered(ImageFilter.GaussianBlur(0.7)),
    "sharpened": filtered(ImageFilter.SHARPEN),
    "upside down": lambda images: images[:, ::-1],
    "a quarter turn": lambda images: np.rot90(images, axes=(1, 2)),
    "moved by 3 pixels": lambda images: np.roll(images, 3, axis=2),
    "half as bright": lambda images: images // 2,
    "four fifths as bright": lambda images: (images * 0.8).astype(np.uint8),
    "noise of deviation 10": lambda images: np.clip(
        images + np.random.default_rng(0).normal(0, 10, images.shape), 0, 255
    ).astype(np.uint8),
}


def first_alarm(reference: Reference, rows: np.ndarray) -> int | None:
    for end in range(64, len(rows) + 63, 64):
        if compare(reference, rows[max(end - WINDOW, 0) : end]).verdict in ("warn", "fail"):
            return min(end, len(rows))
    return None


def main() -> None:
    before = conditions()
    data = assay.load(sys.argv[1] if len(sys.argv) > 1 else "fashion-mnist")
    test = np.concatenate(list(data.splits["test"].blocks()))
    reference = reference_of(data.train, len(data.classes), "00" * 32)
    blocks = range(0, len(test), 512)
    rows = np.concatenate([reference.rows(test[start : start + 512]) for start in blocks])
    rng = np.random.default_rng(0)
    false = sum(
        first_alarm(reference, rows[rng.choice(len(rows), LENGTH, replace=False)]) is not None
        for _ in range(STREAMS)
    )
    changed = {}
    for name, change in CHANGES.items():
        firsts = []
        for _ in range(10):
            images = change(test[rng.choice(len(test), 500, replace=False)])
            firsts.append(first_alarm(reference, reference.rows(np.ascontiguousarray(images))))
        found = [first for first in firsts if first is not None]
        changed[name] = {"flagged": len(found), "of": len(firsts), "latest_at": max(found, default=None)}
    record = {
        "data": data.name,
        "streams": STREAMS,
        "images_each": LENGTH,
        "false_alarms": false,
        "false_alarm_share": false / STREAMS,
        "changed_streams_of_500": changed,
    }
    write_result("serve_drift", "python benchmarks/serve_drift.py", before, record)


if __name__ == "__main__":
    main()
