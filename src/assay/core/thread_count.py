"""How many threads this process may use."""

import os


def thread_count() -> int:
    """The processors that this process may run on, at least 1."""
    if hasattr(os, "sched_getaffinity"):
        return max(len(os.sched_getaffinity(0)), 1)
    return os.cpu_count() or 1
