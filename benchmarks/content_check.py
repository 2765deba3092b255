"""What it costs that content is compared with its digest whenever it is read: processor seconds of an audit.

A set in memory needs no comparison. Here one of photographs' size is kept in its file by force, and the audit
of all checks is made of it with and without comparing.
"""

import os
import tempfile
import time
from pathlib import Path

import numpy as np

import assay
from assay.data import checked_images
from assay.data.storage import store
from assay.data.values import Dataset, Split, numbered_ids
from measuring import conditions, write_result

IMAGES, SIDE = 3000, 64


def main() -> None:
    before = conditions()
    generator = np.random.default_rng(0)
    coarse = generator.integers(0, 256, (IMAGES, 8, 8, 3), np.uint8)
    images = np.kron(coarse, np.ones((1, SIDE // 8, SIDE // 8, 1), np.uint8))
    images ^= generator.integers(0, 16, images.shape, np.uint8)
    labels = np.arange(IMAGES, dtype=np.int64) % 5
    split = Split.from_arrays(images, labels, numbered_ids("train", IMAGES))
    seconds: dict[str, list[float]] = {"compared": [], "not compared": [], "in memory": []}
    with tempfile.TemporaryDirectory() as place:
        store.save(Dataset("x", tuple("abcde"), {"train": split}, "arrays"), Path(place) / "kept")
        checked = checked_images.CheckedImages._checked
        for turn in range(3):
            for how, found in seconds.items():
                os.environ["ASSAY_CACHE"] = f"{place}/{turn}-{how}"
                store.IN_MEMORY = 1 << 30 if how == "in memory" else 0
                checked_images.CheckedImages._checked = (
                    checked if how == "compared" else lambda self, rows: self._pixels.read(rows)
                )
                dataset = store.read(Path(place) / "kept")
                assert dataset is not None
                start = time.process_time()
                assay.audit(dataset)
                found.append(round(time.process_time() - start, 2))
    split_time = time.process_time()
    checked_images.image_digests(images)
    each = (time.process_time() - split_time) / IMAGES * 1e6
    figures = {
        "images": IMAGES,
        "side": SIDE,
        "audit_cpu_seconds": seconds,
        "digest_microseconds": round(each, 2),
    }
    write_result("content_check", "python benchmarks/content_check.py", before, figures)


if __name__ == "__main__":
    main()
