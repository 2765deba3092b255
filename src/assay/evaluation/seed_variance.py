"""One recipe trained with several seeds: the mean of its scores, their spread, and how sure the mean is."""

import math
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class OverSeeds:
    """The scores of one recipe. seeds, accuracies: of each run, in the order of training."""

    recipe: str
    seeds: tuple[int, ...]
    accuracies: tuple[float, ...]

    @property
    def mean(self) -> float:
        """The mean accuracy of all runs, none left out."""
        return math.fsum(self.accuracies) / len(self.accuracies)

    @property
    def standard_deviation(self) -> float | None:
        """The standard deviation of single runs (divisor n - 1); None for a single one."""
        n, mean = len(self.accuracies), self.mean
        return math.sqrt(math.fsum((a - mean) ** 2 for a in self.accuracies) / (n - 1)) if n > 1 else None

    @property
    def mean_interval(self) -> tuple[float, float] | None:
        """95 % interval of the mean over all seeds there are, on these test images (Student 1908).

        It says nothing of other test images: that is what each run's own interval does. None where all
        runs have one score: three seeds of a net that answers one image of 30 by chance do so in 37 of 100
        cases, and a point held the mean over all seeds in none of them.
        """
        if not self.standard_deviation or len(set(self.accuracies)) == 1:
            return None
        half = student_t(len(self.seeds) - 1) * self.standard_deviation / math.sqrt(len(self.seeds))
        return max(0.0, self.mean - half), min(1.0, self.mean + half)

    def as_record(self) -> dict[str, Any]:
        """The scores as JSON types: an entry of `recipes` in `comparison.json`."""
        interval = self.mean_interval
        return {
            "recipe": self.recipe,
            "seeds": list(self.seeds),
            "accuracies": list(self.accuracies),
            "mean": self.mean,
            "standard_deviation": self.standard_deviation,
            "mean_ci95": list(interval) if interval else None,
            "lowest": min(self.accuracies),
            "highest": max(self.accuracies),
        }


def student_t(freedom: int, confidence: float = 0.95) -> float:
    """How many standard errors to both sides hold `confidence` of Student's t distribution.

    freedom: degrees of freedom, at least 1. By bisection of the distribution's finite sums (Abramowitz and
    Stegun 1964, 26.7.3 and 26.7.4). Raises ValueError outside these ranges.
    """
    if freedom < 1 or not 0 < confidence < 1:
        raise ValueError(f"no quantile for {freedom} degrees of freedom at {confidence}")
    low, high = 0.0, math.pi / 2  # of the angle whose tangent is t / sqrt(freedom)
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if _within(middle, freedom) < confidence else (low, middle)
    return math.sqrt(freedom) * math.tan(low)


def _within(angle: float, freedom: int) -> float:
    """The probability that |t| is below sqrt(freedom) times the tangent of `angle`."""
    odd = freedom % 2
    power = math.cos(angle) if odd else 1.0
    terms = [power] if freedom > 1 else []
    for k in range(2 + odd, freedom - 1, 2):
        power *= math.cos(angle) ** 2 * (k - 1) / k
        terms.append(power)
    total = math.sin(angle) * math.fsum(terms)
    return 2 / math.pi * (angle + total) if odd else total
