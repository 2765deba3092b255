"""A group that is disputed as a whole is one observation, not as many as it has images."""

import numpy as np
import pytest

from assay.estimators.noise.noise_matrix import fit_noise_matrix, wrong_chances
from assay.estimators.noise.whole_groups import WholeGroup, whole_groups

FRAMES = 10


def clips(right: float, odd: float, label: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Twenty clips of two classes; to the first, which has `label`, the classifier gives `odd`."""
    labels = np.repeat(np.arange(20) % 2, FRAMES)
    own = np.where(np.arange(len(labels)) < FRAMES, odd, right)
    labels[:FRAMES] = label
    p = np.zeros((len(labels), 2))
    p[np.arange(len(labels)), labels], p[np.arange(len(labels)), 1 - labels] = own, 1 - own
    return p, labels, np.repeat(np.arange(20), FRAMES)


def found(p: np.ndarray, labels: np.ndarray, units: np.ndarray) -> tuple[tuple[WholeGroup, ...], np.ndarray]:
    alone = wrong_chances(fit_noise_matrix(p, labels), p, labels)
    return whole_groups(p, labels, units, alone, np.ones(len(labels), bool)), alone


def test_ten_frames_of_one_clip_are_one_observation() -> None:
    """By themselves all ten labels are surely wrong; as one clip of twenty less so, and all alike."""
    p, labels, units = clips(right=0.9, odd=0.08)
    (group,), alone = found(p, labels, units)
    assert (alone[:FRAMES] > 0.7).all()
    assert group.chance < alone[:FRAMES].min() - 0.2
    assert group.rows.tolist() == list(range(FRAMES))
    assert (group.label, group.suggested) == (0, 1)


@pytest.mark.parametrize("wrong", [1, 4])
def test_single_frames_are_judged_by_themselves(wrong: int) -> None:
    """A clip of which few labels are disputed is no group that is right or wrong as a whole."""
    p, labels, units = clips(right=0.9, odd=0.98)
    p[:wrong] = p[:wrong, ::-1]
    groups, alone = found(p, labels, units)
    assert groups == ()
    assert (alone[:wrong] > 0.5).all()


def test_images_that_stand_alone_are_no_groups() -> None:
    """Where every image is its own unit nothing is a group, so that every chance stays as it was."""
    p, labels, _ = clips(right=0.97, odd=0.03)
    assert found(p, labels, np.arange(len(labels)))[0] == ()


def test_labels_of_one_group_are_kept_apart() -> None:
    """Ten images of a patient, five of each class: the five that are disputed are judged together."""
    p, labels, units = clips(right=0.97, odd=0.03)
    labels[:5] = 1
    p[:5] = [0.02, 0.98]
    (group,), _ = found(p, labels, units)
    assert group.rows.tolist() == [5, 6, 7, 8, 9]
