"""Schedule of a run: steps per epoch, and the learning rate at each step."""

from dataclasses import dataclass
from functools import cached_property
from math import ceil
from typing import Final

from assay.training.recipes import NetRecipe

#: No recipe may have more epochs.
_MOST_EPOCHS: Final = 100_000


@dataclass(frozen=True)
class Schedule:
    """The plan of a run on `images` training images. Epochs count from 1, steps of an epoch from 0."""

    recipe: NetRecipe
    images: int

    def images_in(self, epoch: int) -> int:
        """How many images the epoch shows: in the first all, then the share `selection`."""
        if epoch == 1:
            return self.images
        return max(1, round(self.recipe.selection * self.images))

    def steps_in(self, epoch: int) -> int:
        """Batches in the epoch, the last, smaller one included."""
        return -(-self.images_in(epoch) // self.recipe.batch_size)

    def steps_before(self, epoch: int) -> int:
        """Steps of all epochs before this one."""
        return 0 if epoch == 1 else self.steps_in(1) + self.steps_in(2) * (epoch - 2)

    @cached_property
    def total_steps(self) -> int:
        """Steps of the whole run."""
        return self.steps_before(self.recipe.epochs + 1)

    def rate(self, epoch: int, step: int) -> float:
        """The learning rate: rising evenly over `warm_up` of the run; then constant, or falling evenly so
        that one step more would have the rate 0."""
        done, total = self.steps_before(epoch) + step, self.total_steps
        rising = self.recipe.warm_up * total
        if done + 1 < rising:
            return self.recipe.learning_rate * (done + 1) / rising
        if self.recipe.schedule == "constant":
            return self.recipe.learning_rate
        return self.recipe.learning_rate * min(1.0, (total - done) / (total - rising))


def lengthened(recipe: NetRecipe, images: int, *, watched: bool = False) -> NetRecipe:
    """The recipe with as many epochs as `least_steps` wants on so many images.

    Few images are all shown in each epoch, however many epochs were asked for: selecting the hardest of
    1,000 images lost 0.026 of the accuracy (docs/experiments.md). watched: there are validation images, by
    which a run that was made longer may stop.
    """
    if images < recipe.selection_least:
        recipe = recipe.model_copy(update={"selection": 1.0})
    schedule = Schedule(recipe, images)
    if schedule.total_steps >= recipe.least_steps:
        return recipe
    missing = recipe.least_steps - schedule.steps_in(1)
    epochs = min(max(1 + ceil(missing / schedule.steps_in(2)), recipe.epochs), _MOST_EPOCHS)
    patience = recipe.patience or (recipe.lengthened_patience if watched else 0)
    return recipe.model_copy(update={"epochs": epochs, "patience": patience})
