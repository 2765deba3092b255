"""Drift of the served images against those of training, watched while they arrive.

The last 500 images are compared with the training images: brightness, contrast, sharpness, and 32 principal
components of features that need no training. A difference counts where it is large (Cohen 1988: 0.2 is a
small effect, 0.5 a medium one) and no chance: after every 64 images it is looked for again, so chance gets
many tries, and the bounds are wider than for one look.
"""

import math
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from assay.core.arrays import Float32s
from assay.deployment.serving.reference import FIGURES, Moments, Reference
from assay.estimators.shifts import Sample, shift_of_means

WINDOW: Final = 500

#: Fewer say nothing.
FEWEST: Final = 100

WARN_EFFECT: Final = 0.2
FAIL_EFFECT: Final = 0.5

#: Standard errors beyond chance. Measured: docs/deploy.md.
CHANCE: Final = 5.0

_BLOCK: Final = 64
_BLOCK_BYTES: Final = 8 << 20

#: Features take longer than many models. Beyond a first thousand, so many images a second are looked at.
_AT_ONCE: Final = 1000.0
_EACH_SECOND: Final = 100.0


@dataclass(frozen=True)
class Drift:
    """How the last images differ from the training images.

    verdict: `pass`, `warn`, `fail`, or `not evaluated`, for the reason given. images: that it is about.
    effects: by figure, the difference in standard deviations and how far beyond chance it is.
    """

    verdict: str
    reason: str
    images: int
    effects: dict[str, dict[str, float]]


def compare(reference: Reference, rows: Float32s) -> Drift:
    """The verdict on images whose figures are float32 `(n, 3 + m)` rows of `Reference.rows`."""
    if len(rows) < FEWEST:
        return Drift("not evaluated", f"fewer than {FEWEST} images have arrived", len(rows), {})
    train, served = reference.moments, Moments.of(rows)
    effects = {
        name: effect for i, name in enumerate(FIGURES) if (effect := _effect(train, served, i)) is not None
    }
    effects["features"] = _shift(train, served)
    found = {
        name: abs(effect["effect"])
        for name, effect in effects.items()
        if effect["standard_errors"] > CHANCE and abs(effect["effect"]) > WARN_EFFECT
    }
    if not found:
        return Drift("pass", f"no effect is over {WARN_EFFECT:g} and beyond chance", len(rows), effects)
    told = ", ".join(f"{name} by {size:.2f}" for name, size in found.items())
    verdict = "fail" if max(found.values()) > FAIL_EFFECT else "warn"
    return Drift(verdict, f"they differ in standard deviations: {told}", len(rows), effects)


def _effect(train: Moments, served: Moments, i: int) -> dict[str, float] | None:
    """Cohen's d of one figure, pooled deviation, and how many standard errors it is."""
    n, m = float(train.count[i]), float(served.count[i])
    if n < 1 or m < 1:
        return None
    pooled = math.sqrt((train.variance[i] * n + served.variance[i] * m) / (n + m))
    scale = max(pooled, 0.01 * abs(float(train.mean[i])), 1e-9)
    effect = float(served.mean[i] - train.mean[i]) / scale
    return {"effect": effect, "standard_errors": abs(effect) / math.sqrt(1 / n + 1 / m)}


def _shift(train: Moments, served: Moments) -> dict[str, float]:
    """The shift of the mean features in their own deviations (Mahalanobis), less what chance makes of it."""
    part = slice(len(FIGURES), None)
    ours, theirs = (
        Sample(moments.mean[part], moments.variance[part], float(max(moments.count[part].max(initial=1), 1)))
        for moments in (train, served)
    )
    return shift_of_means(ours, theirs)


@dataclass
class Watch:
    """What has arrived, in a thread of its own so that nobody waits for it.

    seen: images that arrived; looked: of them, those that were looked at. alarms: how often, after 64 more,
    there was drift where there was none before; first: how many had been looked at the first time.
    """

    reference: Reference | None = None
    why_not: str = "no figures of the training images are there: serve the run, or export it again"
    seen: int = 0
    looked: int = 0
    alarms: int = 0
    first: int | None = None
    now: Drift = field(default_factory=lambda: Drift("not evaluated", "no image has arrived", 0, {}))
    _waiting: list[NDArray[np.uint8]] = field(default_factory=list)
    _rows: list[Float32s] = field(default_factory=list)
    _credit: float = _AT_ONCE
    _credited: float = field(default_factory=time.monotonic)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _thread: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1, "assay-drift"))
    _last: Future[None] | None = None

    def arrived(self, images: NDArray[np.uint8]) -> None:
        """Take note of served images, uint8 `(n, h, w, c)`; called by the event loop alone."""
        self.seen += len(images)
        if self.reference is None:
            return
        taken = images[: self._allowed(len(images))]
        if not len(taken):
            return
        with self._lock:
            self._waiting.append(taken.copy())
            count = sum(len(block) for block in self._waiting)
            ready = count >= _BLOCK or sum(block.nbytes for block in self._waiting) >= _BLOCK_BYTES
        if ready:
            self._begin()

    def _allowed(self, count: int) -> int:
        now = time.monotonic()
        self._credit = min(self._credit + (now - self._credited) * _EACH_SECOND, _AT_ONCE)
        self._credited = now
        taken = min(count, int(self._credit))
        self._credit -= taken
        return taken

    def _begin(self) -> Future[None]:
        if self._last is None or self._last.done():
            self._last = self._thread.submit(self.catch_up)
        return self._last

    def catch_up(self) -> None:
        """Look at all images that wait, and judge anew."""
        while self.reference is not None:
            with self._lock:
                waiting, self._waiting = self._waiting, []
            if not waiting:
                return
            images = np.concatenate(waiting)
            for start in range(0, len(images), _BLOCK):
                self._look_at(self.reference, images[start : start + _BLOCK])

    def _look_at(self, reference: Reference, images: NDArray[np.uint8]) -> None:
        self._rows = [np.concatenate([*self._rows, reference.rows(images)])[-WINDOW:]]
        self.looked += len(images)
        before, self.now = self.now, compare(reference, self._rows[0])
        if self.now.verdict in ("warn", "fail") and before.verdict not in ("warn", "fail"):
            self.alarms += 1
            self.first = self.looked if self.first is None else self.first

    def wait(self) -> None:
        """Return when all that arrived was looked at."""
        self._begin().result()
        self._begin().result()  # images may have come while the first looked

    def as_record(self) -> dict[str, Any]:
        """The verdict as JSON types."""
        now = self.now if self.reference is not None else Drift("not evaluated", self.why_not, 0, {})
        record: dict[str, Any] = {
            "schema": 1,
            "verdict": now.verdict,
            "reason": now.reason,
            "images": now.images,
            "seen": self.seen,
            "looked_at": self.looked,
            "alarms": self.alarms,
            "first_alarm_at": self.first,
            "effects": now.effects,
            "threshold": {
                "warn_effect": WARN_EFFECT,
                "fail_effect": FAIL_EFFECT,
                "standard_errors": CHANCE,
                "standard_errors_of_features": CHANCE,
            },
        }
        return record

    def close(self) -> None:
        """End the thread."""
        self._thread.shutdown(cancel_futures=True)
