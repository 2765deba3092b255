"""The palette, once for the figures and the page: each color by name, for light and for dark.

A figure is drawn in the light colors; in the page's copy every one of them becomes `var(--name)`, which
the style sheet sets for both schemes. So no two light colors may be equal. Every color that carries
text has a contrast of at least 4.5 against both backgrounds (WCAG 2.2 AA); a test computes it.
"""

from typing import Final, NamedTuple


class Color(NamedTuple):
    """One color of the palette, as `#rrggbb`, in the light and in the dark scheme."""

    light: str
    dark: str


PALETTE: Final[dict[str, Color]] = {
    "page": Color("#faf8f4", "#14171c"),
    "card": Color("#ffffff", "#1b1f26"),
    "tint": Color("#f2efe8", "#232830"),
    "line": Color("#dcd7cc", "#363d48"),
    "ink": Color("#21252b", "#e7e9ec"),
    "muted": Color("#595f69", "#a4acb8"),
    "blue": Color("#1f5c99", "#7db7f0"),
    "orange": Color("#a8480b", "#f0a06a"),
    "green": Color("#1d6b45", "#7fcba0"),
    "amber": Color("#7d5a00", "#e3bd5a"),
    "red": Color("#a8322d", "#f2948e"),
}

PAGE: Final = PALETTE["page"].light
CARD: Final = PALETTE["card"].light
LINE: Final = PALETTE["line"].light
INK: Final = PALETTE["ink"].light
MUTED: Final = PALETTE["muted"].light
BLUE: Final = PALETTE["blue"].light
ORANGE: Final = PALETTE["orange"].light
GREEN: Final = PALETTE["green"].light
RED: Final = PALETTE["red"].light

#: Classes, drawn as pixels: they cannot follow the scheme, and can be seen on light and dark grounds. With
#: eleven markers, so that no two of a hundred classes look alike. A test computes how far apart they are for
#: readers who do not see red, green or blue as others do.
CLASS_COLORS: Final = (
    "#1180fe",
    "#dc0e0c",
    "#49cd6b",
    "#e5af05",
    "#922a9f",
    "#a4b9b6",
    "#6e6e81",
    "#d7a2f8",
    "#a33b3a",
    "#670fff",
)
MARKERS: Final = ("o", "s", "^", "D", "v", "P", "X", "p", "<", ">", "h")

#: Around a mistake: dark, and a light one around that, so that one of them can be seen on any ground.
RINGS: Final = ("#111111", "#ffffff")

#: Colors that text is written in, and the backgrounds that it is written on.
TEXT: Final = ("ink", "muted", "blue", "orange", "green", "amber", "red")
BACKGROUNDS: Final = ("page", "card", "tint")


def contrast(first: str, second: str) -> float:
    """Contrast ratio of two `#rrggbb` colors, from 1 to 21 (WCAG 2.2, relative luminance)."""
    lighter, darker = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(color: str) -> float:
    red, green, blue = (_linear(int(color[i : i + 2], 16) / 255) for i in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(share: float) -> float:
    return share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4


def style_variables() -> str:
    """The palette as CSS: light, and dark where the reader's system asks for it. Paper is always light."""
    light = "".join(f"--{name}:{color.light};" for name, color in PALETTE.items())
    dark = "".join(f"--{name}:{color.dark};" for name, color in PALETTE.items())
    return f":root{{{light}}}@media screen and (prefers-color-scheme:dark){{:root{{{dark}}}}}"
