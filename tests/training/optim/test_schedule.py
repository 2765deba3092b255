"""How long a run is and how fast it learns, worked out by hand."""

import pytest

from assay.training.optim.schedule import Schedule, lengthened
from assay.training.recipes import RECIPES, NetRecipe, net_recipe, read_recipe


def schedule(images: int = 100, **settings: object) -> Schedule:
    return Schedule(read_recipe("linear", {"batch_size": 10, "learning_rate": 1.0, **settings}), images)


def test_constant_is_the_rate_of_the_recipe() -> None:
    """Without a schedule every step has exactly the recipe's rate."""
    plan = schedule(epochs=2)
    assert {plan.rate(e, s) for e in (1, 2) for s in range(10)} == {1.0}


def test_warm_up_and_fall_by_hand() -> None:
    """Ten steps, two of them warm-up: one half, one; then 8/8 down to 1/8, and 0 one step after the last."""
    plan = schedule(epochs=1, schedule="linear", warm_up=0.2)
    rates = [plan.rate(1, step) for step in range(10)]
    assert rates == pytest.approx([0.5, 1.0, 1.0, 7 / 8, 6 / 8, 5 / 8, 4 / 8, 3 / 8, 2 / 8, 1 / 8])
    assert plan.rate(1, 10) == 0


def test_the_rate_goes_on_over_epochs() -> None:
    """The second epoch takes up the fall where the first left it."""
    plan = schedule(epochs=2, schedule="linear")
    assert plan.rate(2, 0) == pytest.approx(10 / 20)
    assert plan.rate(2, 9) == pytest.approx(1 / 20)


@pytest.mark.parametrize("epochs", [1, 2, 3, 7])
@pytest.mark.parametrize("selection", [1.0, 0.33, 0.001])
@pytest.mark.parametrize("images", [1, 9, 100, 101])
def test_steps_add_up(epochs: int, selection: float, images: int) -> None:
    """Steps before an epoch are the sum of the steps of all epochs before it, smaller last batches too."""
    plan = schedule(images, epochs=epochs, selection=selection)
    done = 0
    for epoch in range(1, epochs + 1):
        assert plan.steps_before(epoch) == done
        done += plan.steps_in(epoch)
    assert plan.total_steps == done


def test_selection_shows_all_at_first() -> None:
    """With a third selected, epochs of 100 images show 100, 33, 33 and 33; a single epoch shows all."""
    plan = schedule(epochs=4, selection=0.33)
    assert [plan.images_in(epoch) for epoch in (1, 2, 3, 4)] == [100, 33, 33, 33]
    assert schedule(epochs=1, selection=0.33).images_in(1) == 100


@pytest.mark.parametrize("selection", [1.0, 0.33])
@pytest.mark.parametrize("images", [3, 10, 55, 1000, 100_000])
@pytest.mark.parametrize("least", [0, 1, 7, 250])
def test_few_images_get_more_epochs(images: int, selection: float, least: int) -> None:
    """Epochs that show all images are added until the run has the least number of steps, not one more; a
    recipe that has so many steps is left as it is."""
    changes = {"least_steps": least, "selection_least": 56}
    recipe = schedule(epochs=4, selection=selection).recipe.model_copy(update=changes)
    found = lengthened(recipe, images)
    assert Schedule(found, images).total_steps >= least
    assert found.selection == (1 if images < 56 else selection)
    shown = recipe.model_copy(update={"selection": found.selection})
    if Schedule(shown, images).total_steps >= least:
        assert found == shown
    else:
        fewer = found.model_copy(update={"epochs": found.epochs - 1})
        assert found.epochs == 4 or Schedule(fewer, images).total_steps < least


def test_epochs_that_were_asked_for_count() -> None:
    """`--epochs 3` is three epochs, however few the images; a record of a recipe keeps both."""
    own = read_recipe("cnn")
    assert own.least_steps > 0
    asked = read_recipe("cnn", {"epochs": 3})
    assert lengthened(asked, 10).epochs == 3
    assert read_recipe("cnn", own.as_record()) == own


@pytest.mark.parametrize("name", [n for n in RECIPES if getattr(read_recipe(n), "selection", 1) < 1])
def test_epochs_never_switch_selection_on(name: str) -> None:
    """Whether the hardest images are selected follows from how many there are: from where the recipe's own
    epochs have enough steps. A number of epochs that was asked for changes nothing about it; a share that was
    asked for is taken."""
    own = net_recipe(read_recipe(name).as_record())
    for images in (10, 335, own.selection_least - 1, own.selection_least, 60_000):
        selected = images >= own.selection_least
        assert selected == (Schedule(own, images).total_steps >= own.least_steps)
        for epochs in (None, 1, 15, 500):
            asked = net_recipe(read_recipe(name, {"epochs": epochs}).as_record())
            assert lengthened(asked, images).selection == (own.selection if selected else 1.0)
            said = net_recipe(read_recipe(name, {"epochs": epochs, "selection": 0.5}).as_record())
            assert lengthened(said, images).selection == 0.5


def test_a_lengthened_run_stops_by_validation() -> None:
    """Few images, many epochs: it may stop early where there are validation images; a run that was not made
    longer, or without validation images, or with a patience of its own, is left as it is."""
    own = read_recipe("cnn").model_copy(update={"lengthened_patience": 9})
    assert isinstance(own, NetRecipe)
    assert lengthened(own, 300, watched=True).patience == 9
    assert lengthened(own, 300).patience == 0
    assert lengthened(own, 60_000, watched=True).patience == 0
    patient = own.model_copy(update={"patience": 4})
    assert lengthened(patient, 300, watched=True).patience == 4
    asked = net_recipe(read_recipe("cnn", {"epochs": 15}).as_record())
    assert lengthened(asked, 300, watched=True).patience == 0
