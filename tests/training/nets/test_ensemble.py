"""Ensembles: what they answer, that each member learns as if alone, and that threads change nothing."""

import numpy as np
import pytest
import torch

from assay.data.splitting.stratified import HoldOut
from assay.data.values import Split
from assay.estimators.softmax import softmax
from assay.training.device import side_by_side
from assay.training.fit import fit
from assay.training.fit_request import FitRequest
from assay.training.inference.any_model import summarize
from assay.training.nets.ensemble import averaged
from assay.training.nets.network import initialized_network
from assay.training.recipes import NetRecipe, read_recipe

CLASSES = ("left", "middle", "right")


def net_recipe(**settings: object) -> NetRecipe:
    given = {"hidden": 8, "batch_size": 16, "learning_rate": 0.01, "epochs": 3, **settings}
    recipe = read_recipe("mlp", given)
    assert isinstance(recipe, NetRecipe)
    return recipe


def test_probabilities_are_averaged_by_hand() -> None:
    """Members that say 0.9 and 0.1, and 0.5 and 0.5, say together 0.7 and 0.3; one alone is left as it is."""
    first, second = torch.tensor([[0.9, 0.1]]).log(), torch.tensor([[3.0, 3.0]])
    assert averaged([first, second]).exp().tolist()[0] == pytest.approx([0.7, 0.3])
    assert averaged([second]) is second


def test_a_member_learns_as_if_it_were_alone(split: Split, rows: HoldOut) -> None:
    """The first member begins as the net of that seed does, and ends with its very weights; the second is
    another net."""
    alone = fit(FitRequest(split, rows, CLASSES, net_recipe(), seed=3, threads=1))
    both = fit(FitRequest(split, rows, CLASSES, net_recipe(members=2), seed=3, threads=2))
    assert {f"{n}.{name}" for n in (0, 1) for name in alone.weights} == set(both.weights)
    for name, weight in alone.weights.items():
        assert np.array_equal(both.weights[f"0.{name}"], weight)
    assert not np.array_equal(both.weights["1.hidden.weight"], both.weights["0.hidden.weight"])


def test_the_number_of_threads_changes_no_bit(split: Split, rows: HoldOut) -> None:
    """Three members that learn one after the other, two at a time, and all at once."""
    recipe = net_recipe(members=3, selection=0.5)
    models = [fit(FitRequest(split, rows, CLASSES, recipe, threads=threads)) for threads in (1, 2, 3)]
    for other in models[1:]:
        assert all(np.array_equal(models[0].weights[n], other.weights[n]) for n in models[0].weights)


def test_it_predicts_the_mean_of_its_members(split: Split, rows: HoldOut) -> None:
    """Its probabilities are the mean of those of its members, each put into a net of its own."""
    model = fit(FitRequest(split, rows, CLASSES, net_recipe(members=2)))
    images = torch.from_numpy(model.preprocessing.normalize(split.images))
    each = []
    for member in ("0.", "1."):
        network = initialized_network(net_recipe(), split.shape, 3, 0).eval()
        own = {name: w for name, w in model.weights.items() if name.startswith(member)}
        network.load_state_dict({n.removeprefix(member): torch.from_numpy(w) for n, w in own.items()})
        each.append(softmax(network(images).detach().numpy()))
    assert model.predict_proba(split.images) == pytest.approx(np.mean(each, axis=0), abs=1e-6)
    assert not np.allclose(each[0], each[1])


def test_its_table_counts_every_member() -> None:
    """The layers of the first, a row for the others, and the sums of all."""
    alone, three = (summarize(net_recipe(members=n), (28, 28, 1), 10) for n in (1, 3))
    assert three.layers[: len(alone.layers) - 1] == alone.layers[:-1]
    assert three.layers[-2].kind == "Ensemble"
    assert three.parameters == 3 * alone.parameters == sum(row.parameters for row in three.layers)
    assert three.multiply_adds == 3 * alone.multiply_adds


@pytest.mark.parametrize("count", [1, 2])
def test_an_error_of_a_member_comes_through(count: int) -> None:
    """What a member raises reaches the caller, however many work at a time."""

    def work(item: int) -> int:
        if item == 2:
            raise ValueError("the second")
        return item

    with side_by_side(count) as for_each:
        assert list(for_each(work, [1, 3])) == [1, 3]
        with pytest.raises(ValueError, match="the second"):
            list(for_each(work, [1, 2]))
