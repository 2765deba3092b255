"""Read Fashion-MNIST as `tfds:fashion_mnist`, prepared by TensorFlow Datasets from files at hand.

    python prepare_fashion_mnist.py FOLDER     -> JSON: classes and fingerprints

FOLDER holds the four .gz files; TFDS_DATA_DIR says where to prepare. The files are put where TensorFlow
Datasets keeps what it has downloaded. It knows them there by their names, which hold the address and the
published SHA-256 of the file, so it does not mind that the same content was compressed in another way.
"""

import json
import os
import shutil
import sys
from pathlib import Path

import tensorflow_datasets as tfds
from tensorflow_datasets.core.download import resource

from assay.workflow.load import load

NAME = "fashion_mnist"


def put_downloads(folder: Path, place: Path) -> None:
    """Copy the files to where `download_and_prepare` looks for them first."""
    for url, info in tfds.builder(NAME, data_dir=place).url_infos.items():
        known = resource.Resource(url=url)
        target = place / "downloads" / NAME / known.relative_download_dir
        target.mkdir(parents=True, exist_ok=True)
        path = target / resource.get_dl_fname(url, info.checksum)
        shutil.copy(folder / url.rpartition("/")[2], path)
        resource.write_info_file(url, path, NAME, path.name, info)


if __name__ == "__main__":
    put_downloads(Path(sys.argv[1]), Path(os.environ["TFDS_DATA_DIR"]))
    found = load(f"tfds:{NAME}")
    sys.stdout.write(json.dumps({"classes": found.classes, "fingerprints": dict(found.fingerprints)}) + "\n")
