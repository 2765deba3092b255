"""The names that a data set in Python knows its classes by: each number must get the right one."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from assay.core.errors import AssayError
from assay.workflow.load import load

pytestmark = pytest.mark.usefixtures("own_cache")

IMAGES = np.random.default_rng(3).integers(0, 256, (12, 6, 5), np.uint8)


class Pictures:
    """Twelve pictures; the first is of class 0, the second of 1, and so on."""

    def __init__(self, classes: Any = None, class_to_idx: Any = None, count: int = 2) -> None:
        self._count = count
        if classes is not None:
            self.classes = classes
        if class_to_idx is not None:
            self.class_to_idx = class_to_idx

    def __len__(self) -> int:
        return len(IMAGES)

    def __getitem__(self, number: int) -> tuple[Any, int]:
        return IMAGES[number], number % self._count


class Part:
    """As torch's `Subset`."""

    def __init__(self, whole: Any, numbers: Sequence[int]) -> None:
        self.dataset, self._numbers = whole, numbers

    def __len__(self) -> int:
        return len(self._numbers)

    def __getitem__(self, number: int) -> tuple[Any, int]:
        return self.dataset[self._numbers[number]]


class Joined:
    """As torch's `ConcatDataset`."""

    def __init__(self, *parts: Any) -> None:
        self.datasets = list(parts)
        self._items = [part[number] for part in parts for number in range(len(part))]

    def __len__(self) -> int:
        return len(self._items)

    def __getitem__(self, number: int) -> tuple[Any, int]:
        return self._items[number]


def first_names(data: object) -> tuple[str, str]:
    """What the first two pictures are called."""
    found = load(data)
    labels = found.splits["train"].labels[:2].tolist()
    return found.classes[labels[0]], found.classes[labels[1]]


CATS = ["cat", "dog"]


@pytest.mark.parametrize(
    ("data", "names"),
    [
        (Pictures(CATS), ("cat", "dog")),
        (Pictures(CATS, {"cat": 0, "dog": 1}), ("cat", "dog")),
        (Pictures(None, {"dog": 0, "cat": 1}), ("dog", "cat")),
        (Pictures(), ("0", "1")),
        (Pictures(None, {"cat": 1, "dog": 2}), ("0", "1")),
        (Pictures(None, {"cat": 0, "dog": 0}), ("0", "1")),
        (Part(Part(Pictures(CATS), range(8)), range(6)), ("cat", "dog")),
        (Joined(Pictures(CATS), Pictures(CATS)), ("cat", "dog")),
        (Part(Joined(Pictures(CATS), Part(Pictures(CATS), range(4))), range(9)), ("cat", "dog")),
        (Joined(Pictures(CATS), Pictures()), ("0", "1")),
    ],
    ids=[
        "classes",
        "both alike",
        "class_to_idx alone",
        "no names",
        "numbers from 1",
        "one number twice",
        "a part of a part",
        "two that agree",
        "a part of several",
        "one without names",
    ],
)
def test_names_go_with_the_numbers(data: object, names: tuple[str, str]) -> None:
    assert first_names(data) == names


def test_names_in_another_order_than_their_numbers_go_by_these() -> None:
    """Who overrides `find_classes` of torchvision gives both; class_to_idx makes the labels. Each class had
    the name of the other, in silence."""
    data = Pictures(CATS, {"dog": 0, "cat": 1})
    assert first_names(data) == ("dog", "cat")
    told = "its class_to_idx says that 0 is 'dog', its classes begin otherwise ('cat' there)"
    assert f"{told}: read by class_to_idx" in load(data).notes
    assert not any("class_to_idx" in note for note in load(Pictures(CATS, {"cat": 0, "dog": 1})).notes)


@pytest.mark.parametrize("other", [["dog", "eel"], ["dog", "cat"], ["cat", "dog", "eel"]], ids=str)
def test_sets_that_number_their_classes_differently_stop(other: Sequence[str]) -> None:
    """Two `ImageFolder`s put together: number 0 was one class, of cats and dogs."""
    joined = Joined(Pictures(CATS), Pictures(other))
    for data in (joined, Part(joined, range(20)), {"train": joined}):
        with pytest.raises(AssayError, match="number their classes differently") as caught:
            load(data)
        assert caught.value.code == "class-names"


def test_splits_may_number_their_classes_differently() -> None:
    """Each has names of its own: they are the same class by name."""
    parts: Mapping[str, Any] = {"train": Pictures(CATS), "test": Pictures(["dog", "cat"])}
    found = load(parts)
    assert found.classes == ("cat", "dog")
    assert found.splits["test"].labels[:2].tolist() == [1, 0]


def test_torch_and_its_parts_of_sets() -> None:
    torch_data = pytest.importorskip("torch.utils.data")
    joined = torch_data.ConcatDataset([Pictures(CATS), Pictures(["dog", "eel"])])
    with pytest.raises(AssayError, match="0 is 'cat' in one, and 'dog' in another"):
        load(torch_data.Subset(joined, range(20)))
    same = torch_data.ConcatDataset([Pictures(CATS), Pictures(CATS)])
    assert load(torch_data.Subset(same, range(20))).classes == ("cat", "dog")
