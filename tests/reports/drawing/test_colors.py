import itertools

import pytest

from assay.reports.drawing.colors import BACKGROUNDS, PALETTE, TEXT, contrast, style_variables
from assay.reports.drawing.heatmap import STRONGEST_TINT


def test_contrast_by_hand() -> None:
    """Black on white is 21, a color on itself 1 (WCAG 2.2); #767676 on white is the known 4.54."""
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#1f5c99", "#1f5c99") == 1
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.005)


@pytest.mark.parametrize(("text", "background"), list(itertools.product(TEXT, BACKGROUNDS)))
@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_text_can_be_read(text: str, background: str, scheme: int) -> None:
    """Every text color on every background reaches WCAG AA (4.5), in both schemes."""
    assert contrast(PALETTE[text][scheme], PALETTE[background][scheme]) >= 4.5


@pytest.mark.parametrize("tint", ["blue", "orange"])
@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_numbers_can_be_read_on_the_strongest_tint(tint: str, scheme: int) -> None:
    """Ink on a fully tinted cell of a matrix reaches WCAG AA in both schemes."""
    cell = mixed(PALETTE[tint][scheme], PALETTE["card"][scheme], STRONGEST_TINT)
    assert contrast(PALETTE["ink"][scheme], cell) >= 4.5


def mixed(over: str, under: str, share: float) -> str:
    parts = [(int(over[i : i + 2], 16), int(under[i : i + 2], 16)) for i in (1, 3, 5)]
    return "#" + "".join(f"{round(share * a + (1 - share) * b):02x}" for a, b in parts)


def test_light_colors_differ() -> None:
    """Figures are drawn in the light colors and recolored by them, so no two may be equal."""
    assert len({color.light for color in PALETTE.values()}) == len(PALETTE)


def test_both_schemes_set_every_color() -> None:
    """No variable is left undefined in either scheme."""
    css = style_variables()
    for name, color in PALETTE.items():
        assert css.count(f"--{name}:") == 2
        assert f"--{name}:{color.light};" in css
        assert f"--{name}:{color.dark};" in css
