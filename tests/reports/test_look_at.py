"""`assay report RUN --look-at N,...`: where the model looks in images that somebody asks about."""

import json

import pytest

import planted
from assay.cli.main import exit_code
from assay.core.errors import AssayError
from assay.workflow.api import run
from assay.workflow.run_commands import report_again
from assay.workflow.verify import verify_run


@pytest.fixture(scope="module")
def data():
    return planted.colored(train=40, test=20, shape=(12, 12))


@pytest.fixture(scope="module")
def finished(data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("look") / "run"
    run(data, out=folder, model="linear", checks=("label-balance",))
    return folder


def figures_of(folder):
    return json.loads((folder / "report.json").read_text("utf-8"))["figures"]


def test_images_that_are_asked_for_are_shown(data, finished) -> None:
    """Right and wrong answers alike, in the order asked; the run stays whole, and without the option the page
    is the first one again."""
    first = (finished / "report.html").read_bytes()
    score = report_again(finished, data, look_at=(7, 3)).score
    asked = figures_of(finished)["saliency-asked"]
    assert asked["rows"] == [7, 3]
    assert (score.predicted[[7, 3]] == score.labels[[7, 3]]).any()
    assert (finished / "figures" / "saliency-asked.png").exists()
    assert 'id="figure-saliency-asked"' in (finished / "report.html").read_text("utf-8")
    assert all(fact.holds for fact in verify_run(finished, data))
    report_again(finished, data)
    assert (finished / "report.html").read_bytes() == first
    assert "saliency-asked" not in figures_of(finished)


@pytest.mark.parametrize("rows", [(60,), (-1,), tuple(range(49))], ids=["beyond", "negative", "too many"])
def test_images_that_are_not_there(data, finished, rows) -> None:
    """No such image, or more than a figure can show: refused, and the page stays as it was."""
    before = (finished / "report.html").read_bytes()
    with pytest.raises(AssayError, match=r"index in predictions\.csv") as caught:
        report_again(finished, data, look_at=rows)
    assert caught.value.code == "bad-value"
    assert (finished / "report.html").read_bytes() == before


@pytest.mark.parametrize("given", ["a", "1,,2", "1.5", "-3"])
def test_what_is_no_list_of_numbers(finished, capsys, given: str) -> None:
    """Exit 2, and one line that says what to write."""
    assert exit_code(["report", str(finished), f"--look-at={given}"]) == 2
    assert "error[bad-value]: --look-at:" in capsys.readouterr().err
