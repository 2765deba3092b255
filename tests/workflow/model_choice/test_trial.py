"""A net that begins from nothing against the pretrained one: how long it is tried, on what, and who wins."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import numpy as np
import pytest

import assay
from assay.core.events import Event
from assay.data.splitting.stratified import HoldOut, hold_out
from assay.data.values import Dataset
from assay.training.fit_request import FitRequest
from assay.training.recipes import NetRecipe, read_recipe
from assay.workflow.model_choice import trial
from assay.workflow.model_choice.trial import Trial, tried
from assay.workflow.settings import Settings

#: Validation images, every second one of either class.
JUDGED = 40


@dataclass
class Fits:
    """What was fitted, by models that answer the given share of the validation images rightly."""

    cnn: float
    pretrained: float
    requests: list[FitRequest] = field(default_factory=list)

    def __call__(self, request: FitRequest) -> "Fits":
        self.requests.append(request)
        return self

    def predict_proba(self, blocks: Iterable[np.ndarray]) -> np.ndarray:
        count = sum(map(len, blocks))
        right = self.cnn if isinstance(self.requests[-1].recipe, NetRecipe) else self.pretrained
        answers = np.arange(count) % 2
        answers[round(right * count) :] = 1 - answers[round(right * count) :]
        return np.eye(2)[answers]

    @property
    def nets(self) -> list[FitRequest]:
        """The requests that were for the net."""
        return [request for request in self.requests if isinstance(request.recipe, NetRecipe)]


def photos(validation: bool = False, new: bool = True) -> Dataset:
    """Pictures of 96 x 72 pixels, as many training as validation images, and four test images.

    validation: the latter in a split of their own, where they are new to train or copies of its images.
    """
    images = np.random.default_rng(0).integers(0, 256, (2 * JUDGED, 96, 72, 3), dtype=np.uint8)
    labels = np.arange(2 * JUDGED) % 2
    whole = assay.load(arrays=(images, labels, images[:4], labels[:4]))
    if not validation:
        return whole
    shown = 255 - images[:JUDGED] if new else images[:JUDGED]
    own = assay.load(arrays=(shown, labels[:JUDGED], images[:4], labels[:4])).train
    return replace(whole, splits={**whole.splits, "validation": own}, fingerprints={})


def compared(monkeypatch: pytest.MonkeyPatch, fits: Fits, dataset: Dataset, rows: HoldOut) -> Trial | None:
    """The trial with models that answer as `fits` says."""
    monkeypatch.setattr(trial, "fit", fits)
    settings, cnn = Settings.checked({"data": "photos/"}), read_recipe("cnn")
    assert isinstance(cnn, NetRecipe)
    return tried(dataset, rows, cnn, read_recipe("pretrained"), settings, lambda _: None)


HALVES = HoldOut(np.arange(JUDGED), np.arange(JUDGED, 2 * JUDGED))


@pytest.mark.parametrize(
    ("cnn", "pretrained", "shares", "taken"),
    [
        (0.5, 0.9, [1 / 8], True),
        (0.9, 0.5, [1 / 8], False),
        (0.8, 0.85, [1 / 8, 1 / 4, 1 / 2], True),
        (0.85, 0.8, [1 / 8, 1 / 4, 1 / 2], False),
        (0.8, 0.8, [1 / 8, 1 / 4, 1 / 2], True),
        (0.7, 0.825, [1 / 8], True),
    ],
)
def test_it_is_tried_until_they_are_told_apart(
    monkeypatch: pytest.MonkeyPatch, cnn: float, pretrained: float, shares: list[float], taken: bool
) -> None:
    """Once where they differ beyond chance or the net is far behind, else for twice as long, to half of its
    epochs. A tie goes to the pretrained net."""
    fits = Fits(cnn, pretrained)
    found = compared(monkeypatch, fits, photos(), HALVES)
    assert found is not None
    assert [request.recipe.epochs / found.whole for request in fits.nets] == pytest.approx(shares, rel=0.05)
    assert found.takes_pretrained is taken
    assert (found.cnn, found.pretrained, found.epochs) == (cnn, pretrained, fits.nets[-1].recipe.epochs)
    assert ("may be chance" in found.sentence()) == (abs(cnn - pretrained) < 0.2)


def test_a_difference_counts_for_all_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Six answers of six alone are p = .031 at one look, which ends the trial as before; of up to three looks
    one at two equal models shows as much in 4 to 12 of 100 sets, so it may be chance."""
    fits = Fits(0.85, 0.7)
    found = compared(monkeypatch, fits, photos(), HALVES)
    assert found is not None
    assert (len(fits.nets), found.looks, found.told_apart) == (1, 3, False)
    assert found.p == pytest.approx(3 / 2**5, rel=1e-12)
    assert "p = 0.094, corrected for 3 looks, which may be chance" in found.sentence()
    once = replace(found, looks=1)
    assert "looks" not in once.sentence()


def test_what_both_learn_from_and_see(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same training rows; the net smaller pictures of them, all of them in each epoch, and no validation
    images, by which it would stop where it answers them best."""
    fits = Fits(0.5, 0.9)
    found = compared(monkeypatch, fits, photos(), HALVES)
    known, net = fits.requests
    assert known.split.shape == (96, 72, 3)
    assert known.rows.train.tolist() == HALVES.train.tolist()
    assert net.split.shape == (64, 48, 3)
    assert net.split.ids == tuple(known.split.ids[row] for row in HALVES.train)
    assert net.split.labels.tolist() == known.split.labels[HALVES.train].tolist()
    assert all(not len(request.rows.validation) and request.validation is None for request in fits.requests)
    assert isinstance(net.recipe, NetRecipe)
    assert (net.recipe.selection, net.recipe.patience) == (1.0, 0)
    assert found is not None
    assert (found.images, found.fitted, found.size) == (JUDGED, JUDGED, (64, 48))
    for part in ("of 40 validation images", "90.0 %", "50.0 %", "40 pictures of 64 x 48 pixels", "of its"):
        assert part in found.sentence()


def test_a_validation_split_is_judged_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the data have one, all of train is learned from."""
    fits = Fits(0.5, 0.9)
    found = compared(monkeypatch, fits, photos(validation=True), HoldOut(np.arange(80), np.arange(0)))
    assert found is not None
    assert (found.images, found.fitted) == (JUDGED, 2 * JUDGED)


def test_validation_images_that_train_holds_are_not_judged_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """A copy in the validation split of the data says nothing: both have seen it. All copies: no trial."""
    whole = photos(validation=True, new=False)
    own, train = whole.splits["validation"], whole.train
    fits, rows = Fits(0.5, 1.0), HoldOut(np.arange(80), np.arange(0))
    images = own.images.copy()
    images[:30] = np.stack([255 - image for image in images[:30]])
    mixed = assay.load(arrays=(images, own.labels, train.images[:4], train.labels[:4])).train
    found = compared(monkeypatch, fits, replace(whole, splits={**whole.splits, "validation": mixed}), rows)
    assert found is not None
    assert found.images == 30
    copies = replace(whole, splits={**whole.splits, "validation": own})
    assert compared(monkeypatch, fits, copies, rows) is None


def test_without_validation_images_nothing_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    """And nothing is fitted."""
    fits = Fits(0.5, 0.9)
    assert compared(monkeypatch, fits, photos(), HoldOut(np.arange(80), np.arange(0))) is None
    assert not fits.requests


def test_a_group_of_copies_counts_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Twenty of forty answers that are copies of one picture are one answer, by which nothing is told."""
    dataset = photos()
    images = dataset.train.images.copy()
    images[JUDGED + 20 :] = images[JUDGED + 20]
    labels = dataset.train.labels
    dataset = assay.load(arrays=(images, labels, images[:4], labels[:4]))
    found = compared(monkeypatch, Fits(0.5, 1.0), dataset, HALVES)
    assert found is not None
    assert (found.groups, found.only_pretrained, found.only_cnn, found.p) == (21, 1, 0, 1.0)
    assert "for 1 of 21 groups of them, cnn alone for 0: randomization test" in found.sentence()


def test_large_sets_are_tried_on_a_part(monkeypatch: pytest.MonkeyPatch) -> None:
    """Evenly spread, the same images for both."""
    monkeypatch.setattr(trial, "_MOST_FITTED", 10)
    monkeypatch.setattr(trial, "_MOST_JUDGED", 30)
    fits = Fits(0.5, 0.9)
    found = compared(monkeypatch, fits, photos(), HALVES)
    assert found is not None
    assert (found.fitted, found.images) == (10, 30)
    known, net, *_ = fits.requests
    assert net.split.ids == tuple(known.split.ids[row] for row in known.rows.train)


def test_it_is_done_with_real_nets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Plain red and blue pictures: the net is really trained, and both learn them; its epochs are counted."""
    images = np.zeros((60, 64, 64, 3), np.uint8)
    labels = np.arange(60) % 2
    images[np.arange(60), ..., 2 * labels] = np.arange(150, 210).astype(np.uint8)[:, None, None]
    dataset = assay.load(arrays=(images, labels, images[:4], labels[:4]))
    whole, told = trial.fit, list[Event]()

    def fit(request: FitRequest) -> object:
        return whole(request) if isinstance(request.recipe, NetRecipe) else Fits(0.0, 0.5)(request)

    monkeypatch.setattr(trial, "fit", fit)
    rows, cnn = hold_out(dataset.train, 0.2, 0), read_recipe("cnn")
    assert isinstance(cnn, NetRecipe)
    settings = Settings.checked({"data": "photos/", "threads": 1})
    found = tried(dataset, rows, cnn, read_recipe("pretrained"), settings, told.append)
    assert found is not None
    assert not found.takes_pretrained
    assert found.cnn > 0.9
    counted = [event.figures for event in told if "epochs" in event.figures["unit"]]
    assert [figures["done"] for figures in counted] == list(range(1, found.epochs + 1))
