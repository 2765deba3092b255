"""Cards: heads as the Hub reads them, Croissant that `mlcroissant` validates and reads back, hostile text."""

import csv
import json
from dataclasses import replace
from pathlib import Path

import pytest

import assay
from assay.cli.main import exit_code
from assay.core.errors import AssayError
from assay.workflow.cards.write import write_cards
from assay.workflow.recorded.run_record import damaged_files, read_manifest
from assay.workflow.run_commands import report_again
from torture.job import tiny_dataset

#: Libraries of others, which warn of their own future.
pytestmark = pytest.mark.filterwarnings("ignore")

HOSTILE = 'a"b: [x](y) |\n---\n<b>&\u2028\\'


def _data():
    data = tiny_dataset()
    return replace(data, name=f"tiny {HOSTILE}", classes=(HOSTILE, *data.classes[1:]), fingerprints={})


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Path:
    """A run on data whose texts are hostile, and its cards."""
    out = tmp_path_factory.mktemp("cards") / "run"
    checks = ("identity", "label-balance", "label-errors")
    assay.run(_data(), model="nearest-mean", checks=checks, out=out)
    write_cards(out, "cc-by-4.0", "https://example.org/tiny")
    return out


def _head(path: Path) -> dict:
    yaml = pytest.importorskip("yaml")
    _, head, body = path.read_text("utf-8").split("---\n", 2)
    assert body.startswith("\n# ")
    return yaml.safe_load(head)


def test_the_head_of_the_model_card_is_its_evaluation(run: Path) -> None:
    """The figures are those of evaluation.json, to the bit; no text leaves its quotes."""
    head = _head(run / "model_card.md")
    test = json.loads((run / "evaluation.json").read_text())["test"]
    (result,) = head["model-index"][0]["results"]
    assert {m["type"]: m["value"] for m in result["metrics"]} == {
        "accuracy": test["accuracy"],
        "f1": test["macro_f1"],
    }
    assert (head["license"], head["library_name"], head["pipeline_tag"]) == (
        "cc-by-4.0",
        "assay",
        "image-classification",
    )
    assert result["dataset"]["name"].startswith('tiny a"b: [x](y) |\\n---')
    assert set(head) == {
        *("library_name", "pipeline_tag", "tags", "license", "metrics", "model-index"),
    }


def test_the_head_of_the_data_card_is_its_audit(run: Path) -> None:
    """Splits with their counts, classes by number, and a size category of the Hub."""
    head = _head(run / "data_card.md")
    data = json.loads((run / "audit.json").read_text())["dataset"]
    info = head["dataset_info"]
    counts = {name: part["count"] for name, part in data["splits"].items()}
    assert {part["name"]: part["num_examples"] for part in info["splits"]} == counts
    names = info["features"][1]["dtype"]["class_label"]["names"]
    assert [names[str(n)] for n in range(3)][1:] == list(data["classes"])[1:]
    assert head["size_categories"] == ["n<1K"]


@pytest.mark.parametrize("card", ["data_card.md", "model_card.md"])
def test_hostile_text_is_neither_markdown_nor_html(run: Path, card: str) -> None:
    """A class named like markup stays text, and every row of a table has the cells of its header."""
    body = (run / card).read_text("utf-8").split("---\n", 2)[2]
    assert "<b>" not in body
    assert "[x](y)" not in body
    cells = None
    for line in body.splitlines():
        if not line.startswith("| "):
            cells = None
            continue
        found = line.replace("\\|", "").count("|")
        assert cells in (None, found), line
        cells = found


def test_every_check_and_split_stands_in_the_data_card(run: Path) -> None:
    """The findings are those of audit.json; what Assay cannot know is said."""
    text = (run / "data_card.md").read_text("utf-8")
    for finding in json.loads((run / "audit.json").read_text())["findings"]:
        assert f"| {finding['check']} | {finding['verdict']} | {finding['count']:,} |" in text
    assert "cannot know" in text


def test_mlcroissant_validates_and_reads_the_table_back(run: Path) -> None:
    """No error and no warning; the records equal label_quality.csv, row by row."""
    croissant = pytest.importorskip("mlcroissant")
    dataset = croissant.Dataset(jsonld=str(run / "croissant.json"))
    issues = dataset.metadata.ctx.issues
    assert list(issues.errors) == []
    assert dataset.metadata.ctx.conforms_to.value == "http://mlcommons.org/croissant/1.1"
    rows = list(csv.DictReader((run / "label_quality.csv").open(newline="", encoding="utf-8")))
    found = list(dataset.records("images"))
    assert len(found) == len(rows) == 60 + 30
    for record, row in zip(found, rows, strict=True):
        for column in ("split", "id", "digest", "label"):
            value = record[f"images/{column}"]
            assert (value.decode() if isinstance(value, bytes) else str(value)) == row[column]
        assert record["images/index"] == int(row["index"])


def test_mlcroissant_can_refuse(run: Path, tmp_path: Path) -> None:
    """The check above can fail: a field without its file is refused."""
    croissant = pytest.importorskip("mlcroissant")
    metadata = json.loads((run / "croissant.json").read_text())
    metadata["recordSet"][0]["field"][0]["source"]["fileObject"]["@id"] = "nothing.csv"
    (tmp_path / "bad.json").write_text(json.dumps(metadata))
    with pytest.raises(croissant.ValidationError):
        croissant.Dataset(jsonld=str(tmp_path / "bad.json"))


def test_the_manifest_lists_the_cards_and_a_new_report_drops_them(run: Path, tmp_path: Path) -> None:
    """They are of one state of the run."""
    import shutil

    copy = tmp_path / "copy"
    shutil.copytree(run, copy)
    manifest = read_manifest(copy)
    names = {"data_card.md", "model_card.md", "croissant.json"}
    assert names <= set(manifest["files"])
    assert damaged_files(copy, manifest) == []
    report_again(copy, _data())
    assert not names & {path.name for path in copy.iterdir()}


def test_a_run_that_was_changed_gets_no_card(run: Path, tmp_path: Path) -> None:
    """A card of figures that somebody edited would repeat them."""
    import shutil

    copy = tmp_path / "copy"
    shutil.copytree(run, copy)
    file = copy / "evaluation.json"
    file.write_text(file.read_text().replace("0.", "0.9", 1) + " ")
    with pytest.raises(AssayError, match="run-damaged"):
        write_cards(copy)


def test_an_audit_has_no_model_card(tmp_path: Path, capfd) -> None:
    """The command names what it wrote; without judged labels, the metadata list the issues."""
    croissant = pytest.importorskip("mlcroissant")
    assay.audit(tiny_dataset(), checks=["identity"], out=tmp_path / "a")
    assert exit_code(["cards", str(tmp_path / "a")]) == 0
    written = capfd.readouterr().out.splitlines()
    assert [Path(line).name for line in written] == ["data_card.md", "croissant.json"]
    croissant.Dataset(jsonld=str(tmp_path / "a" / "croissant.json"))
    assert "license" not in _head(tmp_path / "a" / "data_card.md")
    assert exit_code(["cards", str(tmp_path)]) == 2
