"""Tick labels in percent, with as many decimals as the values of the ticks have."""

from collections.abc import Sequence
from typing import Final

from matplotlib.ticker import Formatter

_MOST_DECIMALS: Final = 6


class PercentTicks(Formatter):
    """Shares in [0, 1] as percentages: 2.5 % beside 5.0 %, but 5 % beside 10 %."""

    def __call__(self, x: float, pos: int | None = None) -> str:  # noqa: ARG002
        """One label."""
        return self.format_ticks([x])[0]

    def format_ticks(self, values: Sequence[float]) -> list[str]:
        """The labels of an axis, all with the fewest decimals that say each value as it is."""
        decimals = next((d for d in range(_MOST_DECIMALS) if _exact(values, d)), _MOST_DECIMALS)
        return [f"{100 * value + 0.0:.{decimals}f}\N{NO-BREAK SPACE}%" for value in values]


def _exact(values: Sequence[float], decimals: int) -> bool:
    hundredths = [100 * value for value in values]
    return all(abs(round(value, decimals) - value) < 10.0 ** -(_MOST_DECIMALS + 1) for value in hundredths)
