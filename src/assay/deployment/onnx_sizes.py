"""How much memory an ONNX graph takes for one image, before anything runs it.

Operators that are harmless by name can ask for any amount: a small constant added to another with its axes
crossed, a pad of a billion, a row put together with itself forty times. So the shape of every value is
worked out first (ONNX's own inference, on a copy without the weights). A graph is refused where a shape is
not known, where images would mix - `n` is the first size of a value, and no other - or where the sum is out
of all proportion to the image.
"""

import math
from typing import Any, Final

#: Values of all operators for one image: so many, or so many for each value of a large one, and never more
#: than the last. Of the recipes the pretrained net takes most, 14 million; a net of 100 channels at full
#: size takes hundreds for each.
MOST_VALUES: Final = 1 << 26
MOST_FOR_EACH: Final = 512
MOST_OF_ANY: Final = 1 << 31

#: Constants of whole numbers up to this length are kept in the copy: they are shapes, axes and pads.
_LONGEST_SHAPE: Final = 16

#: Axes of a constant, and operators that add one: without a limit the sizes alone would fill the memory.
_MOST_AXES: Final = 8
_MOST_UNSQUEEZE: Final = 64

#: Operators whose further inputs say how: shapes, axes, pads.
_WITH_ARGUMENTS: Final = frozenset(
    "Pad ReduceMax ReduceMean ReduceMin ReduceSum Reshape Slice Unsqueeze".split()
)

#: ONNX's number for int64.
_WHOLE: Final = 7


def values_of_an_image(file: Any, pixels: int) -> int:
    """How many values all operators give for one image of so many values.

    Raises ValueError, with the reason as its text, where that is not known or too much.
    """
    from onnx import shape_inference

    _check_axes(file)
    try:
        found = shape_inference.infer_shapes(_skeleton(file), check_type=True, strict_mode=True)
    except (shape_inference.InferenceError, ValueError, RuntimeError, TypeError) as error:
        raise ValueError("its operators do not fit together") from error
    shapes = {value.name: value.type.tensor_type for value in (*found.graph.value_info, *found.graph.output)}
    most, total = min(max(MOST_VALUES, MOST_FOR_EACH * pixels), MOST_OF_ANY), 0
    given = {value.name for value in (*file.graph.input, *file.graph.initializer)}
    for node in file.graph.node:
        for name in node.output:
            if name in given:
                raise ValueError(f"{name!a:.60} is made twice")
            given.add(name)
            total += _size(shapes.get(name), name)
            if total > most:
                raise ValueError(f"its operators would take more than {most:,} numbers for one image")
    return total


def _check_axes(file: Any) -> None:
    """Raise ValueError where to work out the sizes would be costly itself: many axes, or shapes of shapes.

    Inference follows whole numbers through operators, and forty doublings of sixteen of them never end. In
    ours whole numbers are constants, and arguments: never what an operator works on.
    """
    constants = {tensor.name: tensor for tensor in file.graph.initializer}
    if any(len(tensor.dims) > _MOST_AXES for tensor in constants.values()):
        raise ValueError("a constant has more axes than any that Assay writes")
    if sum(node.op_type == "Unsqueeze" for node in file.graph.node) > _MOST_UNSQUEEZE:
        raise ValueError("it adds axes more often than any that Assay writes")
    for node in file.graph.node:
        most = {"Reshape": _MOST_AXES, "Unsqueeze": 1}.get(node.op_type)
        if most and not (len(node.input) == 2 and 0 < _length(constants.get(node.input[1])) <= most):
            raise ValueError(f"the axes of {node.op_type} are not a short constant")
        worked_on = node.input[:1] if node.op_type in _WITH_ARGUMENTS else node.input
        made = node.op_type == "Cast" and any(a.i == _WHOLE for a in node.attribute)
        if made or any(name in constants and constants[name].data_type == _WHOLE for name in worked_on):
            raise ValueError(f"{node.op_type} works on whole numbers")


def _length(tensor: Any) -> int:
    return 0 if tensor is None else math.prod(tensor.dims)


def _size(tensor: Any, name: str) -> int:
    """Values of a tensor for one image."""
    dims = list(tensor.shape.dim) if tensor is not None and tensor.HasField("shape") else None
    known = dims[1:] if dims and dims[0].dim_param == "n" else dims
    if known is None or not all(dim.HasField("dim_value") and dim.dim_value >= 0 for dim in known):
        raise ValueError(f"the size of {name!a:.60} cannot be known")
    return math.prod(dim.dim_value for dim in known)


def _skeleton(file: Any) -> Any:
    """The graph without its weights, which become inputs: so the copy is small whatever the file is."""
    import onnx

    found = onnx.ModelProto(ir_version=file.ir_version)
    found.opset_import.extend(file.opset_import)
    graph = found.graph
    graph.name = "skeleton"
    graph.node.extend(file.graph.node)
    graph.input.extend(file.graph.input)
    graph.output.extend(file.graph.output)
    for tensor in file.graph.initializer:
        if tensor.data_type == _WHOLE and math.prod(tensor.dims) <= _LONGEST_SHAPE:
            graph.initializer.append(tensor)
        else:
            value = onnx.helper.make_tensor_value_info(tensor.name, tensor.data_type, list(tensor.dims))
            graph.input.append(value)
    return found
