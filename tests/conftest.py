"""How Hypothesis searches, and the record of a long run.

The same examples in every run, so that a change and not luck turns a test red.
`pytest --hypothesis-profile search` looks further, at random; what it finds becomes an example of its own.
"""

import os
from pathlib import Path

import pytest
from hypothesis import settings

from torture.record import RESULTS, Record

settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.register_profile("search", max_examples=2000, deadline=None)
settings.load_profile("repeatable")


def pytest_configure(config: pytest.Config) -> None:
    """Record what the tests do, where it was asked for; of several processes only the main one does."""
    path = os.environ.get(RESULTS)
    if path and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Record(Path(path)))
