import pytest

from assay.audits.checks.issues import counted, percent


@pytest.mark.parametrize(
    ("part", "whole", "told"),
    [
        (1, 1200, "1 image (0.08 %) is dark"),
        (2, 1200, "2 images (0.17 %) are dark"),
        (0, 1200, "No image is dark"),
        (0, 0, "No image is dark"),
        (1500, 0, "1,500 images are dark"),
    ],
)
def test_counts_have_their_noun_and_share(part: int, whole: int, told: str) -> None:
    """One is one image, several are images; a share of nothing is left out."""
    assert counted(part, whole, "image is dark", "images are dark") == told


def test_a_noun_may_stand_alone() -> None:
    """Nothing after the noun leaves no space behind."""
    assert counted(3, 6, "image", "images") == "3 images (50.00 %)"
    assert percent(0.68541) == "68.5 %"
