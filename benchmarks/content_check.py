"""What it costs that images too many for memory are hashed again at every read: share of an audit's seconds.

A set in memory needs no comparison. Here one of photographs' size is kept in its file by force, and the
processor seconds of comparing are taken apart from those of a whole audit.
"""

import os
import tempfile
import time
from pathlib import Path

import numpy as np

import assay
from assay.data.checked_images import CheckedImages
from assay.data.digests import image_digests
from assay.data.storage import store
from assay.data.values import Dataset, Split, numbered_ids
from measuring import conditions, write_result

IMAGES, SIDE = 1200, 64


def main() -> None:
    before = conditions()
    generator = np.random.default_rng(0)
    coarse = generator.integers(0, 256, (IMAGES, 8, 8, 3), np.uint8)
    images = np.kron(coarse, np.ones((1, SIDE // 8, SIDE // 8, 1), np.uint8))
    images ^= generator.integers(0, 16, images.shape, np.uint8)
    split = Split.from_arrays(images, np.arange(IMAGES, dtype=np.int64) % 5, numbered_ids("train", IMAGES))
    compared = {"seconds": 0.0, "images": 0}

    def timed(self, rows):
        found = self._pixels.read(rows)
        start = time.thread_time()
        same = np.array_equal(image_digests(found), self._digests[rows])
        compared["seconds"] += time.thread_time() - start
        compared["images"] += len(rows)
        assert same
        return found

    CheckedImages._checked = timed
    with tempfile.TemporaryDirectory() as place:
        os.environ["ASSAY_CACHE"] = f"{place}/cache"
        store.save(Dataset("x", tuple("abcde"), {"train": split}, "arrays"), Path(place) / "kept")
        store.IN_MEMORY = 0
        dataset = store.read(Path(place) / "kept")
        assert dataset is not None
        start = time.process_time()
        assay.audit(dataset)
        whole = time.process_time() - start
    figures = {
        "images": IMAGES,
        "side": SIDE,
        "audit_processor_seconds": whole,
        "compared_processor_seconds": compared["seconds"],
        "images_compared": compared["images"],
        "share": compared["seconds"] / whole,
    }
    write_result("content_check", "python benchmarks/content_check.py", before, figures)


if __name__ == "__main__":
    main()
