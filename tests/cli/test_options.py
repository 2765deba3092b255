"""Options are declared once, in groups that commands take."""

import inspect
from typing import Any

import typer
from typer.testing import CliRunner

from assay.cli import main
from assay.cli import options as o
from assay.cli.given_settings import OF_RECIPE
from assay.cli.option_groups import with_options
from assay.workflow.settings import Settings


def test_a_command_receives_the_options_of_its_groups() -> None:
    """What was given arrives by name, what was not as None or False, beside the command's own parameters."""
    heard: dict[str, Any] = {}

    @with_options(o.READING, o.REPORTING)
    def look(data: o.Data = None, **given: Any) -> None:
        """Look at data."""
        heard.update(given, data=data)

    app = typer.Typer()
    app.command()(look)
    done = CliRunner().invoke(app, ["PHOTOS", "--size", "48x64", "-q"])
    assert done.exit_code == 0, done.output
    assert heard == {
        **dict.fromkeys(o.READING, None),
        **dict.fromkeys(o.REPORTING, False),
        "data": "PHOTOS",
        "size": "48x64",
        "quiet": True,
    }


def test_every_option_of_a_group_is_a_setting() -> None:
    """An option that no setting takes would be ignored in silence."""
    elsewhere = {"config", "changes", *OF_RECIPE}
    for group in (o.READING, o.AUDITING, o.TRAINING):
        assert set(group) - elsewhere <= set(Settings.model_fields)


def test_no_parameter_stands_in_two_groups() -> None:
    """Two declarations of one option could differ."""
    names = [name for group in (o.READING, o.AUDITING, o.TRAINING, o.REPORTING) for name in group]
    assert len(names) == len(set(names))


def test_no_command_declares_an_option_of_a_group_anew() -> None:
    """The options that commands share come from the groups, with one type and one text each."""
    shared = {**o.READING, **o.AUDITING, **o.TRAINING, **o.REPORTING}
    for command in main.COMMANDS:
        for name, parameter in inspect.signature(command, eval_str=True).parameters.items():
            if name in shared and parameter.annotation != shared[name]:
                assert (command.__name__, name) in {
                    ("audit", "workers"),
                    ("merge", "workers"),
                    ("fetch", "name"),
                    ("predict", "json"),
                    ("doctor", "json"),
                }
