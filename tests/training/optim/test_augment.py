"""Changed images: each change by hand, each draw a function of seed and epoch."""

import numpy as np
import pytest
import torch

from assay.core.events import Event
from assay.data.splitting.stratified import HoldOut
from assay.data.values import Split
from assay.training.fit import fit
from assay.training.fit_request import FitRequest
from assay.training.optim.augment import Draws, change, draw
from assay.training.recipes import NetRecipe, read_recipe

SHAPE = (4, 6, 1)
ROWS = np.arange(2000)
ALL = {"mirror": True, "shift": 2, "erasing": 0.5, "mixup": 0.3}


def net_recipe(**settings: object) -> NetRecipe:
    recipe = read_recipe("mlp", settings)
    assert isinstance(recipe, NetRecipe)
    return recipe


def numbered(height: int = 3, width: int = 3) -> torch.Tensor:
    return torch.arange(float(height * width)).reshape(1, height, width, 1)


def test_nothing_is_drawn_and_changed_by_default() -> None:
    """A recipe without such settings leaves its images as they are, in place."""
    draws = draw(net_recipe(), ROWS, SHAPE, 0, 1)
    assert draws == Draws() or vars(draws) == vars(Draws())
    images = torch.rand(3, *SHAPE)
    assert change(images, draws) is images


def test_mirrored_by_hand() -> None:
    """Columns change places, rows do not; only where it was drawn."""
    images = torch.cat([numbered(2, 3), numbered(2, 3)])
    found = change(images, Draws(mirrored=torch.tensor([True, False])))
    assert found[..., 0].tolist() == [[[2, 1, 0], [5, 4, 3]], [[0, 1, 2], [3, 4, 5]]]


def test_moved_by_hand() -> None:
    """One down and one to the left: the border is repeated where nothing moves in."""
    found = change(numbered(), Draws(moved=torch.tensor([[1, -1]])))
    assert found[0, :, :, 0].tolist() == [[1, 2, 2], [1, 2, 2], [4, 5, 5]]


def test_covered_by_hand() -> None:
    """Rows 1 to 2, column 0: zeros there, all else as it was."""
    found = change(numbered() + 1, Draws(covered=torch.tensor([[1, 3, 0, 1]])))
    assert found[0, :, :, 0].tolist() == [[1, 2, 3], [0, 5, 6], [0, 8, 9]]


def test_mixed_by_hand() -> None:
    """A quarter of itself and three quarters of the partner, which is the batch in reverse order."""
    images = torch.tensor([0.0, 8.0]).reshape(2, 1, 1, 1)
    assert change(images, Draws(mixed=torch.tensor([0.25, 1.0]))).ravel().tolist() == [
        6.0,
        8.0,
    ]


def test_draws_follow_from_seed_and_epoch() -> None:
    """The same seed and epoch give the same draws; another of either gives others."""
    recipe = net_recipe(**ALL)
    places = ((1, 1), (1, 1), (1, 2), (2, 1))
    first, again, later, other = (draw(recipe, ROWS, SHAPE, *place) for place in places)
    for name in ("mirrored", "moved", "covered", "mixed"):
        assert np.array_equal(getattr(first, name), getattr(again, name)), name
        assert not np.array_equal(getattr(first, name), getattr(later, name)), name
        assert not np.array_equal(getattr(first, name), getattr(other, name)), name
    part = first.part(10, 20)
    assert np.array_equal(part.moved, first.moved[10:20])


def test_each_image_is_mirrored_every_second_epoch() -> None:
    """In one epoch half of the images are mirrored, in the next exactly the others, whatever their order."""
    recipe = net_recipe(mirror=True)
    one, two = (draw(recipe, ROWS, SHAPE, 7, epoch).mirrored.numpy() for epoch in (1, 2))
    assert np.array_equal(one, ~two)
    assert 0.45 < one.mean() < 0.55
    assert np.array_equal(draw(recipe, ROWS[::-1], SHAPE, 7, 1).mirrored, one[::-1])


def test_moves_stay_in_bounds() -> None:
    """Every move from -2 to 2 occurs about equally often, in both directions, and no other."""
    moved = draw(net_recipe(shift=2), ROWS, SHAPE, 0, 1).moved.numpy()
    for axis in (0, 1):
        values, counts = np.unique(moved[:, axis], return_counts=True)
        assert values.tolist() == [-2, -1, 0, 1, 2]
        assert counts.min() > 300


def test_cutout_covers_a_square_cut_by_the_border() -> None:
    """A square of 3 pixels around any pixel: at most 3 x 3, at least 2 x 2 in a corner."""
    boxes = draw(net_recipe(cutout=3), ROWS, (8, 8, 1), 0, 1).covered.numpy()
    heights, widths = boxes[:, 1] - boxes[:, 0], boxes[:, 3] - boxes[:, 2]
    assert set(heights) == set(widths) == {2, 3}
    assert boxes.min() == 0
    assert boxes.max() == 8


def test_random_erasing_keeps_its_promises() -> None:
    """Half of the images lose a box inside the image, of 2 to 40 % of its area up to rounding."""
    boxes = draw(net_recipe(erasing=0.5), ROWS, (28, 28, 1), 0, 1).covered.numpy()
    areas = (boxes[:, 1] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 2])
    assert 0.45 < (areas > 0).mean() < 0.55
    assert areas[areas > 0].min() >= 0.012 * 784
    assert areas.max() <= 0.45 * 784
    assert boxes.min() >= 0
    assert boxes.max() <= 28


def test_shares_of_mixup_are_a_beta_distribution() -> None:
    """Mean and variance of the shares are those of Beta(a, a): 1/2 and 1 / (4 (2 a + 1))."""
    shares = draw(net_recipe(mixup=0.3), np.arange(20_000), SHAPE, 0, 1).mixed.numpy()
    assert shares.mean() == pytest.approx(0.5, abs=0.01)
    assert shares.var() == pytest.approx(1 / (4 * 1.6), abs=0.005)


@pytest.mark.parametrize(("settings", "words"), [({"mirror": True}, "digits"), ({"shift": 1}, "1 pixels")])
def test_a_note_says_what_is_risky(
    split: Split, rows: HoldOut, settings: dict[str, object], words: str
) -> None:
    """Whoever trains is told of mirrored and moved images, and how to switch that off."""
    events: list[Event] = []
    recipe = net_recipe(epochs=1, hidden=4, **settings)
    fit(FitRequest(split, rows, ("left", "middle", "right"), recipe, on_event=events.append))
    messages = [e.figures["message"] for e in events if e.event == "warning"]
    assert len(messages) == 1
    assert words in messages[0]
    assert "--set" in messages[0]
