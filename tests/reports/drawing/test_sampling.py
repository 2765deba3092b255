import numpy as np

from assay.reports.drawing.sampling import evenly_spaced, shown_classes, shown_note


def test_few_classes_are_all_shown() -> None:
    """Up to the limit every class is shown, the absent ones too."""
    assert shown_classes(np.array([0, 5, 3])).tolist() == [0, 1, 2]
    assert shown_note(3, 3) == ""


def test_many_classes_are_cut_to_the_largest() -> None:
    """Beyond the limit the largest are shown, in label order, the first of equals; and it is said."""
    assert shown_classes(np.array([1, 9, 4, 9, 4]), limit=3).tolist() == [1, 2, 3]
    assert shown_note(10_000, 20) == "Shown are 20 of 10,000 classes: those with most training images."


def test_evenly_spaced_keeps_both_ends() -> None:
    """Hand-computed: 4 of 10 rows are the first, the last, and two at equal steps."""
    assert evenly_spaced(np.arange(10), 4).tolist() == [0, 3, 6, 9]
    assert evenly_spaced(np.arange(3), 4).tolist() == [0, 1, 2]
