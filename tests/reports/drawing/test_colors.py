import itertools

import numpy as np
import pytest

from assay.reports.drawing.colors import (
    BACKGROUNDS,
    CLASS_COLORS,
    MARKERS,
    PALETTE,
    TEXT,
    contrast,
    style_variables,
)
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


#: What each kind of color blindness leaves of linear red, green and blue (Machado and others 2009,
#: severity 1).
VISIONS = {
    "all cones": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "tritanopia": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    ),
}


def lab(color: str, vision: np.ndarray) -> np.ndarray:
    """CIELAB (D65) of a color as that vision sees it."""
    levels = np.array([int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    linear = np.where(levels <= 0.04045, levels / 12.92, ((levels + 0.055) / 1.055) ** 2.4)
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    xyz = to_xyz @ np.clip(vision @ linear, 0, 1) / np.array([0.9505, 1, 1.089])
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("vision", VISIONS)
def test_class_colors_differ_for_every_vision(vision: str) -> None:
    """Any two of the ten are 25 apart (CIE76; 2.3 is just noticeable), whichever cones a reader has."""
    seen = [lab(color, VISIONS[vision]) for color in CLASS_COLORS]
    apart = [np.linalg.norm(a - b) for a, b in itertools.combinations(seen, 2)]
    assert min(apart) > 25


def test_colors_and_markers_do_not_repeat_together() -> None:
    """A hundred and ten classes before a color has the same marker again."""
    pairs = [(c % len(CLASS_COLORS), c % len(MARKERS)) for c in range(110)]
    assert len(set(pairs)) == 110
