"""Every number on the page of a real run is in a file of that run: convolutions, a colored folder."""

import html.parser
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import planted
from assay.workflow.api import run


class Places(html.parser.HTMLParser):
    """Where each number of a page says that it comes from, and its full value."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, str]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        own = dict(attrs)
        if "data-key" in own:
            self.found.append((str(own["data-key"]), str(own["data-value"])))


def looked_up(folder: Path, place: str) -> object:
    """The value at `file#/json/pointer`."""
    file, _, pointer = place.partition("#/")
    value = json.loads((folder / file).read_text("utf-8"))
    for key in pointer.split("/"):
        key = key.replace("~1", "/").replace("~0", "~")
        value = value[int(key)] if isinstance(value, list) else value[key]
    return value


def colored_folder(folder: Path) -> Path:
    """Three classes of colored pictures, no two of one size, a folder each."""
    rng = np.random.default_rng(5)
    for split, count in (("train", 16), ("test", 6)):
        for label, name in enumerate(("red apple", "=blue plum", "pear")):
            place = folder / split / name
            place.mkdir(parents=True)
            for number in range(count):
                height, width = rng.integers(20, 60, 2).tolist()
                picture = planted.colored_picture(rng, label, height, width)
                Image.fromarray(picture).save(place / f"{number}.png")
    return folder


@pytest.mark.parametrize("model", ["linear", "cnn"])
def test_every_number_of_a_colored_folder_is_in_its_files(model: str, tmp_path: Path) -> None:
    """Pictures of mixed sizes in folders, all checks: each marked number has exactly its file's value."""
    data = colored_folder(tmp_path / "photos")
    done = run(str(data), model=model, epochs=1, size="24", out=tmp_path / "run")
    places = Places((done.path / "report.html").read_text("utf-8")).found
    assert len(places) > 60
    for place, value in places:
        assert json.loads(value) == looked_up(done.path, place), place
