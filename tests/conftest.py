"""How Hypothesis searches: the same examples in every run, so that a change and not luck turns a test red.

`pytest --hypothesis-profile search` looks further, at random; what it finds becomes an example of its own.
"""

from hypothesis import settings

settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.register_profile("search", max_examples=2000, deadline=None)
settings.load_profile("repeatable")
