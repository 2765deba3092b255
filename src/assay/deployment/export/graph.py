"""A small writer of ONNX graphs: names are counted, so that the same calls give the same bytes."""

from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

#: Version of ONNX's operators that the files ask for.
OPSET: Final = 20


@dataclass(eq=False)
class Graph:
    """Nodes and constants of a graph under construction, in the order in which they were added."""

    nodes: list[Any] = field(default_factory=list)
    constants: list[Any] = field(default_factory=list)
    #: Names of the constants by what they hold.
    _names: dict[tuple[str, tuple[int, ...], bytes], str] = field(default_factory=dict)

    def add(self, kind: str, *inputs: str, **attributes: Any) -> str:
        """Add one operator; returns the name of its one output."""
        from onnx import helper

        name = f"{kind.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [name], name, **attributes))
        return name

    def constant(self, array: NDArray[Any]) -> str:
        """Add an array that is part of the file, once for all that take it; returns its name."""
        from onnx import numpy_helper

        little = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
        content = little.dtype.str, little.shape, sha256(little.tobytes()).digest()
        if content not in self._names:
            self._names[content] = f"constant_{len(self.constants)}"
            self.constants.append(numpy_helper.from_array(little, self._names[content]))
        return self._names[content]

    def number(self, value: float, kind: type[np.generic] = np.float32) -> str:
        """Add a scalar."""
        return self.constant(np.asarray(value, kind))

    def integers(self, *values: int) -> str:
        """Add a row of int64, as the shapes and axes of operators are given."""
        return self.constant(np.array(values, np.int64))

    def cast(self, name: str, kind: type[np.generic]) -> str:
        """The values as another type."""
        from onnx import helper

        return self.add("Cast", name, to=helper.np_dtype_to_tensor_dtype(np.dtype(kind)))

    def reshape(self, name: str, *sizes: int) -> str:
        """Rows of another shape; the number of rows stays."""
        return self.add("Reshape", name, self.integers(0, *sizes))

    def slice(self, name: str, start: int, stop: int, axis: int, step: int = 1) -> str:
        """Part of one axis."""
        limits = [self.integers(value) for value in (start, stop, axis, step)]
        return self.add("Slice", name, *limits)

    def reduced(self, kind: str, name: str, *axes: int, keep: bool = True) -> str:
        """`ReduceSum`, `ReduceMax`, ... over the axes."""
        return self.add(kind, name, self.integers(*axes), keepdims=int(keep))

    def softmax(self, logits: str) -> str:
        """Probabilities of logits `(n, k)`, as `estimators.softmax` computes them."""
        weights = self.add("Exp", self.add("Sub", logits, self.reduced("ReduceMax", logits, 1)))
        return self.add("Div", weights, self.reduced("ReduceSum", weights, 1))
