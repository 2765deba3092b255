import base64
import hashlib
import html
import html.parser
import json
import platform
import re
import socket
import zlib
from pathlib import Path

import numpy as np
import pytest

from assay.core import durable
from assay.core.errors import AssayError
from assay.reports.drawing.captions import CAPTIONS
from assay.reports.drawing.memoized import forget_drawings
from assay.reports.page.html import CHAPTERS, LARGEST_PAGE, draw_all, page, write_report
from assay.reports.page.mistake_explorer import MOST_MISTAKES, explorer_data, explorer_note

#: Elements that can run or fetch something. None of them is on the page.
ACTIVE = {"img", "iframe", "object", "embed", "form", "input", "video", "audio", "base"}

#: Script elements of these types hold data and never run.
DATA_BLOCKS = ("application/json", "text/plain")


class Page(html.parser.HTMLParser):
    """Everything that a test wants to know of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.source = text
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", " ".join(self.words))


@pytest.fixture(scope="module")
def run(content_of) -> Page:
    """The page of an ordinary run."""
    return Page(rendered(content_of()))


def rendered(content) -> str:
    return page(content, draw_all(content))


def test_a_report_is_written_whole(content_of, tmp_path: Path) -> None:
    """report.html and one PNG for each figure; nothing else, nothing left over."""
    write_report(tmp_path, content_of())
    pictures = {path.stem for path in (tmp_path / "figures").iterdir()}
    others = (
        "classes",  # where they are balanced, a sentence says so
        "suspects-",
        "saliency-asked",
        "ladder",
        "differences",
    )  # of an audit with issues, and of several runs
    assert pictures == {name for name in CAPTIONS if not name.startswith(others)}
    assert {path.name for path in tmp_path.iterdir()} == {"report.html", "report.json", "figures"}


def test_equal_content_gives_equal_bytes(content_of, tmp_path: Path) -> None:
    """No seconds, no chance, no order of a set in any file."""
    folders = [durable.make_directory(tmp_path / name) for name in ("a", "b")]
    for folder in folders:
        forget_drawings()
        write_report(folder, content_of())
    files = [sorted(p.relative_to(folder) for p in folder.rglob("*") if p.is_file()) for folder in folders]
    assert files[0] == files[1]
    for name in files[0]:
        assert (folders[0] / name).read_bytes() == (folders[1] / name).read_bytes(), name


def test_nothing_of_the_machine_is_told(content_of, run: Page, monkeypatch) -> None:
    """No path and no host stands in the report, not even the data's own."""
    assert "/home/me" not in run.source
    assert str(Path.cwd()) not in run.source
    # A name of our own: that of a real host may be two letters, which stand in many words.
    for module, function in ((platform, "node"), (socket, "gethostname")):
        monkeypatch.setattr(module, function, lambda: "name-of-the-host")
    forget_drawings()
    assert "name-of-the-host" not in rendered(content_of())


def test_chapters_follow_the_story(content_of, run: Page) -> None:
    """A run has all chapters in order, in the contents list too; an audit only those it has. Where nothing is
    suspected there is nothing to decide."""
    expected = [chapter.name for chapter in CHAPTERS if chapter.name != "decide"]
    assert chapters_of(run) == expected
    links = [a["href"] for tag, a in run.tags if tag == "a" and a["href"].startswith("#")]
    assert links[1:11] == [f"#{name}" for name in expected]
    audit = Page(rendered(content_of(audit_only=True)))
    assert chapters_of(audit) == ["load", "look", "audit", "files"]


def chapters_of(found: Page) -> list[str]:
    return [a["id"] for tag, a in found.tags if tag == "section" and a.get("class") == "chapter"]


def test_every_link_leads_somewhere_on_the_page(run: Page) -> None:
    """Identifiers are unique and every link to one has its target; no link leaves the page."""
    tags = run.tags
    ids = [a["id"] for _, a in tags if "id" in a]
    assert len(ids) == len(set(ids))
    for _, attributes in tags:
        target = attributes.get("href") or attributes.get("xlink:href") or "#load"
        assert target.startswith("data:") or target.removeprefix("#") in ids


def digest_of_the_script(found: Page) -> str:
    """Base64 SHA-256 of the one script that can run; all other script elements are blocks of data."""
    running = [a for tag, a in found.tags if tag == "script" and a.get("type") not in DATA_BLOCKS]
    assert running == [{}]
    text = found.source.split("<script>")[1].split("</script>")[0]
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def test_policy_forbids_everything_but_the_script_style_and_data(run: Page) -> None:
    """The policy lets one script run, named by its hash, nothing load, and no text become markup."""
    tags = run.tags
    policies = [a["content"] for tag, a in tags if a.get("http-equiv") == "Content-Security-Policy"]
    assert len(policies) == 1
    rules = dict(rule.split(" ", 1) for rule in policies[0].split("; "))
    assert rules.pop("script-src") == f"'sha256-{digest_of_the_script(run)}'"
    assert rules == {
        "default-src": "'none'",
        "style-src": "'unsafe-inline'",
        "img-src": "data:",
        "base-uri": "'none'",
        "form-action": "'none'",
        "require-trusted-types-for": "'script'",
        "trusted-types": "'none'",
    }
    assert not ACTIVE & {tag for tag, _ in tags}
    assert not [name for _, attributes in tags for name in attributes if name.startswith("on")]


def test_hostile_names_are_only_text(content_of, dataset_of, hostile_names) -> None:
    """Case 36: names that look like markup, templates, formulas or colors appear as themselves."""
    dataset = dataset_of(hostile_names)
    dataset = type(dataset)(hostile_names[0], dataset.classes, dataset.splits, hostile_names[1])
    found = Page(rendered(content_of(dataset)))
    assert not ACTIVE & {tag for tag, _ in found.tags}
    assert digest_of_the_script(found)
    assert not [name for _, attributes in found.tags for name in attributes if name.startswith("on")]
    for shown in ("<script>document.title='fired'</script>", "{{7*7}} {% raw %}", "</title></svg></style>"):
        assert shown in found.text
    assert "line\\nbreak \\u202e reversed \\x07 bell" in found.text
    assert "\u202e" not in found.text


def test_numbers_equal_the_files(content_of, tmp_path: Path) -> None:
    """Every number with a place has exactly the value that the JSON file of the run has there."""
    content = content_of()
    write_report(tmp_path, content)
    files = {
        "audit.json": json.loads(durable.json_text(content.audit.as_record())),
        "evaluation.json": json.loads(durable.json_text(content.evaluation.as_record())),
        "report.json": json.loads((tmp_path / "report.json").read_text("utf-8")),
    }
    found = Page((tmp_path / "report.html").read_text("utf-8"))
    places = [a for _, a in found.tags if "data-key" in a]
    for place in places:
        file, _, pointer = place["data-key"].partition("#/")
        value = files[file]
        for key in pointer.split("/"):
            key = key.replace("~1", "/").replace("~0", "~")
            value = value[int(key)] if isinstance(value, list) else value[key]
        assert json.loads(place["data-value"]) == value, place["data-key"]
    keys = {place["data-key"] for place in places}
    assert {
        "evaluation.json#/test/accuracy",
        "evaluation.json#/test/accuracy_ci95/0",
        "evaluation.json#/test/loss",
        "evaluation.json#/test/macro_f1",
        "evaluation.json#/test/n",
        "evaluation.json#/test/per_class/owl/recall",
        "evaluation.json#/test/confusion/0/0",
        "evaluation.json#/honest/without_copies/accuracy",
        "evaluation.json#/honest/without_suspects/difference_ci95/1",
        "evaluation.json#/honest/suspects/clean_rise/mean",
        "evaluation.json#/calibration/after/ece",
        "evaluation.json#/calibration/temperature",
        "evaluation.json#/out_of_distribution/gate/test/rate",
        "evaluation.json#/slices/weakest/0/accuracy",
        "evaluation.json#/slices/by/1/slices/0/n",
        "audit.json#/decisions/normalization/decision",
    } <= keys
    assert len(places) > 80


def test_what_only_the_report_computes_is_in_its_file(content_of, tmp_path: Path) -> None:
    """report.json has the figures of the drawings and of the explorer; words and tables say the same."""
    content = content_of()
    write_report(tmp_path, content)
    record = json.loads((tmp_path / "report.json").read_text("utf-8"))
    drawn = draw_all(content)
    figures = {figure.name: figure for group in drawn.figures.values() for figure in group}
    assert record == json.loads(durable.json_text(drawn.record()))
    assert record["figures"].keys() == {"confidence", "map", "saliency", "typical"}
    rows = figures["confidence"].table.rows
    assert sum(int(row[1]) + int(row[2]) for row in rows) == len(content.evaluation.labels)
    explained = sum(record["figures"]["map"]["explained"])
    assert f"{100 * explained:.0f}\u00a0% of the variance" in figures["map"].found
    share = record["figures"]["saliency"]["outer_share"]
    assert f"{100 * share:.0f}\u00a0% of what the answers rest on" in figures["saliency"].found
    ratios = [found["farthest_by_median"] for found in record["figures"]["typical"].values()]
    assert f"{max(ratios):.2f} times" in figures["typical"].found
    explorer = record["explorer"]
    assert explorer["mistakes"] == explorer["mistakes_listed"] == len(content.evaluation.mistakes())
    data = json.loads(zlib.decompress(base64.b64decode(explorer_data(drawn.explorer, drawn.atlas))))
    assert {str(image[0]): image[7] for image in data["images"]} == explorer["nearest"]
    rows = [image[0] for image in data["images"]]
    alike = {str(row): [rows[n] for n in near] for row, near in zip(rows, data["alike"], strict=True)}
    assert alike == explorer["alike"]


@pytest.mark.parametrize(
    ("shape", "images"), [((28, 28, 1), 2_000), ((64, 64, 3), 500)], ids=["gray", "color"]
)
def test_the_page_stays_under_its_limit(content_of, dataset_of, evaluation_of, shape, images: int) -> None:
    """Noise, which nothing can pack, and a model that is mostly wrong: what is left out is said."""
    dataset = dataset_of(("a", "b"), [images] * 2, [images] * 2, shape)
    content = content_of(dataset, evaluation=evaluation_of(dataset, right=0.2))
    drawn = draw_all(content)
    text = page(content, drawn)
    assert len(text.encode()) < LARGEST_PAGE
    assert drawn.explorer.wrong == len(content.evaluation.mistakes()[:MOST_MISTAKES])
    told = explorer_note(drawn.explorer, drawn.atlas)
    assert told in text
    assert ("averaged down to" in told) == (drawn.atlas.width < shape[1])
    assert ("images are pictured" in told) == (
        drawn.explorer.pictured(drawn.atlas) < len(drawn.explorer.rows)
    )
    assert ("levels of brightness" in told) == (drawn.atlas.levels < 256)
    assert "averaged down" in told or "are pictured" in told or "levels of brightness" in told


def test_every_figure_has_words_and_data(content_of) -> None:
    """Each figure has an alternative text, a description, three sentences, and its data as a table."""
    for figures in draw_all(content_of()).figures.values():
        for figure in figures:
            assert f'role="img" aria-label="{figure.alt.split(chr(34))[0][:20]}' in figure.svg
            assert min(map(len, (figure.alt, figure.shows, figure.reveals, figure.found))) > 20, figure.name
            for picture in filter(None, (figure.svg, figure.narrow)):
                told = re.search(r"^<svg[^>]*><desc>(.*?)</desc>", picture)
                if told:
                    assert html.unescape(told[1]) == figure.found
                else:
                    assert f'aria-describedby="found-{figure.name}"' in picture
            assert figure.table.rows
            assert all(len(row) == len(figure.table.header) for row in figure.table.rows)


@pytest.mark.parametrize(
    ("classes", "train", "test", "shape"),
    [
        (("only",), [3], [2], (5, 4, 1)),
        (("a", "b"), [1, 1], [1, 0], (1, 1, 1)),
        (("a", "b", "c"), [4, 0, 2], [0, 3, 1], (6, 5, 3)),
        (("a", "b"), [3, 3], [2, 2], (1, 300, 1)),
        (("a", "b"), [2, 2], [1, 1], (512, 512, 3)),
    ],
    ids=["one-class", "one-pixel", "absent", "strip", "large-color"],
)
def test_any_data_can_be_shown(content_of, dataset_of, classes, train, test, shape) -> None:
    """Gray and color, any size, absent and very many classes: a report, and it stays small."""
    text = rendered(content_of(dataset_of(classes, train, test, shape)))
    assert len(text.encode()) < 3_000_000
    assert "nan" not in re.sub(r"<[^>]*>|[a-z]+nan|nan[a-z]+", "", text)


@pytest.mark.parametrize("n", [1_000, pytest.param(10_000, marks=pytest.mark.torture)])
def test_very_many_classes_are_capped(content_of, dataset_of, n: int) -> None:
    """With thousands of classes what is drawn is capped, said to be, and the page stays small."""
    dataset = dataset_of([f"c{i}" for i in range(n)], [1] * n, [1] * n, (2, 2, 1))
    text = rendered(content_of(dataset))
    assert f"Shown are 20 of {n:,} classes" in text
    assert f"Shown are 40 of {n:,} classes" in text
    assert len(text.encode()) < 2_000_000


@pytest.mark.parametrize("level", [0, 7, 255])
def test_constant_images_can_be_shown(content_of, dataset_of, level: int) -> None:
    """Images without any variation: no division by zero, and it is said."""
    dataset = dataset_of()
    for split in dataset.splits.values():
        split.images[:] = level
    assert f"Every pixel is {level}" in rendered(content_of(dataset))


def test_without_validation_and_without_mistakes(content_of, history_of, evaluation_of, dataset_of) -> None:
    """No validation split: one curve. A perfect score: no pictures of mistakes."""
    dataset = dataset_of()
    perfect = evaluation_of(dataset, right=1.0)
    content = content_of(dataset, history=history_of((None, None)), evaluation=perfect)
    assert "mistakes" not in [figure.name for figure in draw_all(content).figures["mistakes"]]
    assert "No validation split was held out" in rendered(content)


def test_standard_normalization_shows_its_figures(content_of, dataset_of) -> None:
    """Mean and deviation of the training split stand in the chapter, per channel."""
    from assay.data.preprocessing import fit_preprocessing

    dataset = dataset_of(shape=(4, 4, 3))
    fitted = fit_preprocessing("standard", dataset.train, np.arange(len(dataset.train)))
    text = rendered(content_of(dataset, preprocessing=fitted))
    assert f"{fitted.mean[0]:.6f}" in text
    assert f"{fitted.deviation[2]:.6f}" in text
    assert "green" in text


def test_a_full_disk_is_told_in_one_line(content_of, tmp_path: Path, monkeypatch) -> None:
    """The report writes through the house's durable files: a refusal is an error with its code."""

    def full(file: object, data: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(durable.files, "write", full)
    with pytest.raises(AssayError) as caught:
        write_report(tmp_path, content_of())
    assert caught.value.code == "disk-full"
    assert not list((tmp_path / "figures").iterdir())
