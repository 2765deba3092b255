import numpy as np
import pytest

from assay.duplicates.by_detail import compared
from assay.duplicates.by_detail.compared import Lookalikes
from assay.duplicates.by_detail.detail import compare_detail
from assay.duplicates.by_detail.detail_candidates import PARTNERS

COUNT, SIDE = 30, 24


def pictures() -> np.ndarray:
    """Soft random pictures, float32 `(n, h, w)`, that share a part with one another."""
    rng = np.random.default_rng(1)
    own, common = rng.random((COUNT, 6, 6)), rng.random((6, 6))
    return (np.kron(0.5 * own + 0.5 * common, np.ones((4, 4))) * 255).astype(np.float32)


def partners() -> np.ndarray:
    """The next pictures in a circle, of the last two pictures none."""
    rows = (np.arange(COUNT)[:, None] + np.arange(1, PARTNERS + 1)) % COUNT
    rows[-2:] = -1
    return rows


def test_what_is_usual_does_not_depend_on_what_was_asked_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """In parts, twice and in another order the values are those of one question, to the bit; and each picture
    is lined up with its lookalikes once."""
    gray, rows = pictures(), np.arange(COUNT - 2)
    whole = Lookalikes(gray, gray, partners()).usual_missing(rows)
    lined_up: list[int] = []

    def counted(first: np.ndarray, second: np.ndarray, asked: tuple[np.ndarray, np.ndarray]) -> object:
        lined_up.extend(asked[1].tolist())
        return compare_detail(first, second, asked)

    monkeypatch.setattr(compared, "compare_detail", counted)
    lookalikes = Lookalikes(gray, gray, partners())
    for part in (rows[20:], np.array([3, 3, 25, 3]), rows[::-1], rows[:0]):
        np.testing.assert_array_equal(lookalikes.usual_missing(part), whole[part])
    each = PARTNERS - PARTNERS // 2
    assert sorted(lined_up) == sorted([*rows.tolist()] * each)
    assert (whole > 0).all()


def test_the_median_of_the_lookalikes_is_what_is_usual() -> None:
    """By hand from the comparisons: the farther half of the partners, but for those that may be copies."""
    gray, row = pictures(), 7
    farther = partners()[row, PARTNERS // 2 :]
    missing = compare_detail(gray, gray, (farther, np.full(len(farther), row))).missing
    assert (missing > 0.03).all()
    usual = Lookalikes(gray, gray, partners()).usual_missing(np.array([row]))
    np.testing.assert_array_equal(usual[0], np.median(missing, axis=0))


def test_a_picture_without_lookalikes_takes_the_median_of_the_others() -> None:
    """The last two pictures have no partners."""
    gray = pictures()
    others = np.arange(COUNT - 2)
    usual = Lookalikes(gray, gray, partners()).usual_missing(np.arange(COUNT))
    np.testing.assert_array_equal(usual[-1], np.median(usual[others], axis=0))
    np.testing.assert_array_equal(usual[-2], usual[-1])
