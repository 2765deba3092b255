"""What both checks of labels ask of the classifier that judges them."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from assay.audits.checks.context import CheckContext

#: Beyond this share of suspects the score is decided by the labels as much as by the model.
FAIL_SHARE: Final = 0.03


def reference_record(context: CheckContext) -> dict[str, Any]:
    """The strength of the classifier that the finding rests on."""
    return {"reference": context.judge_strength.as_record()}


def known_labels(context: CheckContext, name: str) -> NDArray[np.bool_]:
    """Which images carry a label that the reference could learn."""
    labels = context.dataset.splits[name].labels
    return np.isin(labels, context.label_judge.learned)
