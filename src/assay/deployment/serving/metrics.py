"""Counts of what was served, and their text for Prometheus (exposition format 0.0.4)."""

import math
from collections import Counter
from dataclasses import dataclass, field
from typing import Final

#: Upper bounds of the latency histogram, in seconds.
BUCKETS: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"


@dataclass
class Metrics:
    """Counts since the server began. Only the event loop's thread changes them.

    requests: by (route, status). durations: requests by the index of their bucket; seconds: their sum.
    images: classified; of these answered, and unlike the training images (ood).
    """

    requests: Counter[tuple[str, int]] = field(default_factory=Counter)
    durations: list[int] = field(default_factory=lambda: [0] * (len(BUCKETS) + 1))
    seconds: float = 0.0
    images: int = 0
    answered: int = 0
    ood: int = 0

    def request(self, route: str, status: int, seconds: float) -> None:
        """One request is over."""
        self.requests[route, status] += 1
        self.seconds += seconds
        self.durations[next((i for i, b in enumerate(BUCKETS) if seconds <= b), len(BUCKETS))] += 1

    def classified(self, images: int, answered: int, ood: int) -> None:
        """Images of one request got their answers."""
        self.images += images
        self.answered += answered
        self.ood += ood

    def text(self, gauges: dict[str, tuple[str, float]]) -> str:
        """All of it for Prometheus. gauges: further values by name, each with what it is."""
        lines = _head("assay_requests_total", "counter", "Requests by route and HTTP status.")
        lines += [
            f'assay_requests_total{{route="{route}",status="{status}"}} {count}'
            for (route, status), count in sorted(self.requests.items())
        ]
        lines += self._histogram()
        for name, about, value in (
            ("images", "Images classified.", self.images),
            ("images_answered", "Images that the rule let the model answer.", self.answered),
            ("images_ood", "Images unlike the training images.", self.ood),
        ):
            lines += [*_head(f"assay_{name}_total", "counter", about), f"assay_{name}_total {value}"]
        for name, (about, number) in gauges.items():
            lines += [*_head(f"assay_{name}", "gauge", about), f"assay_{name} {_number(number)}"]
        return "\n".join(lines) + "\n"

    def _histogram(self) -> list[str]:
        name = "assay_request_duration_seconds"
        lines = _head(name, "histogram", "From the head of a request to the last byte of its answer.")
        total = 0
        for bound, count in zip([*map(str, BUCKETS), "+Inf"], self.durations, strict=True):
            total += count
            lines.append(f'{name}_bucket{{le="{bound}"}} {total}')
        return [*lines, f"{name}_sum {self.seconds:.6f}", f"{name}_count {total}"]


def _head(name: str, kind: str, about: str) -> list[str]:
    return [f"# HELP {name} {about}", f"# TYPE {name} {kind}"]


def _number(value: float) -> str:
    return f"{value:g}" if math.isfinite(value) else "NaN"
