"""Arrays as Keras and scikit-learn hand them over."""

import numpy as np
import pytest
from sklearn.model_selection import train_test_split

from assay.core.errors import AssayError
from assay.workflow.load import load

IMAGES = np.random.default_rng(7).integers(0, 256, (12, 8, 8), np.uint8)
LABELS = np.arange(12) % 3


@pytest.mark.parametrize("form", [tuple, list])
@pytest.mark.parametrize("column", [False, True], ids=["flat labels", "a column of labels"])
def test_pairs_of_images_and_labels_as_keras_loads_them(form: type, column: bool) -> None:
    """`keras.datasets.cifar10.load_data()`: it was told of images of shape (1, 50000, 32, 32, 3)."""
    labels = LABELS[:, None] if column else LABELS
    train, test = (IMAGES[:8], labels[:8]), (IMAGES[8:], labels[8:])
    expected = load(arrays=(IMAGES[:8], LABELS[:8], IMAGES[8:], LABELS[8:])).fingerprint
    assert load(form([train, test])).fingerprint == expected
    assert load(arrays=form([train, test])).fingerprint == expected


def test_two_images_with_a_label_each_stay_two_images() -> None:
    assert len(load([(IMAGES[0], 0), (IMAGES[1], 1)]).train) == 2


@pytest.mark.parametrize("share", [0.25, 0.5])
@pytest.mark.parametrize("flat", [False, True], ids=["images", "rows"])
def test_the_order_of_train_test_split_is_told(share: float, flat: bool) -> None:
    """It was told of images of shape (3,) or (6,)."""
    images = IMAGES.reshape(12, -1) if flat else IMAGES
    parts = train_test_split(images, LABELS, test_size=share, random_state=0)
    with pytest.raises(AssayError, match=r"as train_test_split gives them. Give \(X_train, y_train, X_test,"):
        load(parts)
    assert len(load((parts[0], parts[2], parts[1], parts[3])).splits["test"]) == 12 * share
