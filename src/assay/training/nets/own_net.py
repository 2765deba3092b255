"""Validation of a user's net, on a copy and before any work starts: can it be trained and saved?"""

import copy
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.nn.parameter import is_lazy

from assay.core.errors import AssayError
from assay.data.foreign_code import FAILURES, told
from assay.training.device import is_memory_error
from assay.training.model.own_net import GivenNet, OwnNet, own_net_of

#: Wrappers of torch's by the name of their class, and what to give instead.
_WRAPPED: Final = {
    "DataParallel": "Give the net inside it: net.module.",
    "DistributedDataParallel": "Give the net inside it: net.module.",
    "OptimizedModule": "Give the net before torch.compile.",
    "RecursiveScriptModule": "Give the net before torch.jit.",
}

#: What the last step of a net may not be: the loss takes the softmax itself.
_SQUASHED: Final = {
    "SoftmaxBackward0": "a softmax",
    "LogSoftmaxBackward0": "a log-softmax",
    "SigmoidBackward0": "a sigmoid",
    "LogSigmoidBackward0": "a log-sigmoid",
}

#: Names of weights that model files keep for themselves.
_KEPT_NAMES: Final = ("reference.", "limits.")

#: Images that a net is tried on.
_LEAST_TRIED: Final = 4


def _refused(name: str, what: str, fix: str) -> AssayError:
    return AssayError("net-refused", name, what, fix)


@contextmanager
def net_errors(name: str, doing: str, fix: str) -> Iterator[None]:
    """Turn what a user's net raises into `net-refused`: what was being done, and torch's own words."""
    try:
        yield
    except FAILURES as error:
        if is_memory_error(error):
            raise
        raise _refused(name, f"{doing}: {told(error)}", fix) from error


def errors_of_own(network: nn.Module, doing: str, fix: str) -> AbstractContextManager[None]:
    """`net_errors` where a net is a copy of the user's; what a net of Assay's raises passes as it is."""
    own = own_net_of(network)
    return nullcontext() if own is None else net_errors(own.name, doing, fix)


def own_net(given: GivenNet, images: NDArray[np.uint8], class_count: int, seed: int) -> OwnNet:
    """The user's net, or the one that the user's function builds, tried and found fit for training.

    images: a few of the training images, uint8 `(b, h, w, c)`. seed: of what the function draws, and of
    what the trial draws; torch's global generator is left as it was. The net given is not changed.
    Raises AssayError `net-refused` with the first thing that is wrong.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = given if isinstance(given, nn.Module) else _built(given, images, class_count)
        own = _taken(network)
        tried = _as_input(images)
        _try(own, tried, class_count)
        last = replace(own, channels_last=True)
        return last if _same_answers(last, own, tried) else own


def _built(
    build: Callable[[tuple[int, int, int], int], nn.Module], images: NDArray[np.uint8], class_count: int
) -> nn.Module:
    shape = _channels_first(images)
    name = getattr(build, "__name__", type(build).__name__)
    fix = "Give a net, or a function that makes one of the image's shape and the number of classes."
    with net_errors(name, f"it cannot be called with ({shape}, {class_count})", fix):
        network = build(shape, class_count)
    if not isinstance(network, nn.Module):
        raise _refused(name, f"it gives {type(network).__name__} and no torch.nn.Module", fix)
    return network


def _channels_first(images: NDArray[np.uint8]) -> tuple[int, int, int]:
    height, width, channels = images.shape[1:]
    return channels, height, width


def _taken(network: nn.Module) -> OwnNet:
    """A copy of the net on the CPU, if its weights are such as can be trained and saved."""
    name = type(network).__name__
    if name in _WRAPPED:
        raise _refused(name, "it is wrapped, and a copy of it is not a net of its own", _WRAPPED[name])
    state = {**dict(network.named_parameters()), **dict(network.named_buffers())}
    for key, tensor in state.items():
        _check_tensor(name, key, tensor)
    if not any(parameter.requires_grad for parameter in network.parameters()):
        what = "it has no weights that learn" if list(network.parameters()) else "it has no weights"
        raise _refused(name, what, "Give a net with parameters that require a gradient.")
    other = next((key for key, value in network.state_dict().items() if not isinstance(value, Tensor)), None)
    if other is not None:
        what = f"{other} is no tensor, and a model file holds nothing else"
        raise _refused(name, what, "Make it a buffer, or part of the code.")
    fix = "Give a net that has not been asked anything yet, or a function that builds one."
    with net_errors(name, "it cannot be copied", fix):
        template = copy.deepcopy(network).to("cpu")
    return OwnNet(template, name)


def _check_tensor(name: str, key: str, tensor: Tensor) -> None:
    if is_lazy(tensor):
        fix = "Send one batch through it first: net(torch.zeros(1, channels, height, width))."
        raise _refused(name, f"{key} is lazy: its shape is not known yet", fix)
    if tensor.device.type == "meta":
        raise _refused(name, f"{key} is on the device meta, without values", "Give a net with weights.")
    if (tensor.is_floating_point() or tensor.is_complex()) and tensor.dtype != torch.float32:
        kind = str(tensor.dtype).removeprefix("torch.")
        raise _refused(name, f"{key} is {kind}; Assay trains and saves float32", "Give net.float().")
    if key.startswith(_KEPT_NAMES):
        first = key.partition(".")[0]
        fix = "Call that part of the net otherwise."
        raise _refused(name, f"{key}: model files keep the name {first!r} for themselves", fix)


def _as_input(images: NDArray[np.uint8]) -> Tensor:
    """The images as a net gets them, at least four."""
    rows = np.arange(max(_LEAST_TRIED, len(images))) % len(images)
    return torch.from_numpy(images[rows].astype(np.float32) / 255)


def _try(own: OwnNet, images: Tensor, class_count: int) -> None:
    """Ask copies of the net, in training and in evaluation mode."""
    shape = " x ".join(map(str, images.permute(0, 3, 1, 2).shape[1:]))
    doing = f"images of {shape} (channels, height, width) do not go through it"
    fix = "Give a net for such images, or read them at another size=."
    with net_errors(own.name, doing, fix):
        learning, logits, before = _asked_in_training(own, images)
    _check_answers(own.name, logits, len(images), class_count)
    _check_gradients(own.name, learning, logits)
    _check_whole_numbers(own.name, before, learning)
    with net_errors(own.name, doing, fix), torch.no_grad():
        asked = own.copy().eval()
        first, second, half = asked(images), asked(images), asked(images[: len(images) // 2])
    _check_answers(own.name, first, len(images), class_count)
    _check_repeats(own.name, first, second, half)
    with net_errors(own.name, doing, fix):
        _check_sums(own, images)


def _asked_in_training(own: OwnNet, images: Tensor) -> tuple[nn.Module, Tensor, dict[str, Tensor]]:
    """A copy, its answers in training mode, and its whole numbers from before."""
    network = own.copy().train()
    before = {name: tensor.clone() for name, tensor in network.named_buffers()}
    return network, network(images), before


def _check_answers(name: str, logits: object, count: int, class_count: int) -> None:
    if not isinstance(logits, Tensor):
        what = f"it answers with a {type(logits).__name__}, and not with one tensor"
        raise _refused(name, what, "Let forward return the logits alone, a row per image.")
    if logits.shape != (count, class_count):
        shape = f"(n{''.join(f', {size}' for size in logits.shape[1:])})"
        if logits.ndim == 2 and len(logits) == count:
            what = f"it has {logits.shape[1]:,} outputs, and the data have {class_count:,} classes"
            raise _refused(name, what, f"Let its last layer have {class_count} outputs.")
        what = f"its answers are {shape if len(logits) == count else tuple(logits.shape)} for {count} images"
        raise _refused(name, what, f"Let forward return the logits, (n, {class_count}).")
    if not logits.is_floating_point():
        raise _refused(name, f"its answers are {logits.dtype}", "Let forward return float logits.")
    if not bool(torch.isfinite(logits).all()):
        what = "its answers to training images are not all numbers (NaN or infinite)"
        raise _refused(name, what, "Look for a division by zero, a logarithm, or weights that are NaN.")
    last = type(logits.grad_fn).__name__
    if last in _SQUASHED:
        raise _ends_in(name, _SQUASHED[last])


def _ends_in(name: str, what: str) -> AssayError:
    fix = "Let it return the logits: leave the last layer away."
    return _refused(name, f"it ends in {what}, and the loss takes the softmax of what it gives", fix)


def _check_gradients(name: str, network: nn.Module, logits: Tensor) -> None:
    parameters = [parameter for parameter in network.parameters() if parameter.requires_grad]
    doing, fix = "no gradient goes back through it", "Compute the answers from its weights, by torch alone."
    with net_errors(name, doing, fix):
        loss = cross_entropy(logits, torch.arange(len(logits)) % logits.shape[1])
        found = torch.autograd.grad(loss, parameters, allow_unused=True)
    if all(gradient is None for gradient in found):
        raise _refused(name, "no weight has an effect on its answers", fix)


def _check_whole_numbers(name: str, before: dict[str, Tensor], network: nn.Module) -> None:
    """What training changes must be saved, and model files hold float32 that `state_dict` names.

    Batch norm's counters change too; prediction does not need them.
    """
    saved = network.state_dict().keys()
    for key, tensor in network.named_buffers():
        kept = key in saved and tensor.is_floating_point()
        if not kept and not key.endswith("num_batches_tracked") and not torch.equal(tensor, before[key]):
            kind = "whole numbers" if key in saved else "not persistent"
            what = f"{key} changes in training and cannot be saved: it is {kind}"
            raise _refused(name, what, "Make it a persistent float32 buffer.")


def _check_repeats(name: str, first: Tensor, second: Tensor, half: Tensor) -> None:
    """In evaluation mode the same image must get the same answer, whatever stands beside it."""
    room = 1e-3 * max(1.0, float(first.abs().max()))
    if float((first - second).abs().max()) > room:
        what = "in evaluation mode it answers otherwise when asked again"
        fix = "Use nn.Dropout, or F.dropout(x, training=self.training)."
        raise _refused(name, what, fix)
    if half.shape != first[: len(half)].shape or float((first[: len(half)] - half).abs().max()) > room:
        what = "in evaluation mode an image's answer depends on the other images of its batch"
        fix = "Use batch norm with track_running_stats=True, or another norm."
        raise _refused(name, what, fix)


@torch.no_grad()
def _check_sums(own: OwnNet, images: Tensor) -> None:
    """Answers that sum to 1 whatever the weights are come from a softmax, however it is written.

    The weights are moved at random first: a last layer that begins as the classes' shares sums to 1 too.
    """
    network = own.copy().eval()
    for parameter in network.parameters():
        parameter.add_(torch.randn_like(parameter) * (1 + parameter.abs()), alpha=0.05)
    answers = network(images).double()
    for values, name in ((answers, "a softmax"), (answers.exp(), "a log-softmax")):
        if bool((values >= 0).all()) and bool(((values.sum(1) - 1).abs() < 1e-4).all()):
            raise _ends_in(own.name, name)


def _same_answers(first: OwnNet, second: OwnNet, images: Tensor) -> bool:
    """Whether a net learns from images however they lie in memory, and answers the same but for rounding.

    `view`, for one, refuses maps that lie channels last: such a net is given what it was written for.
    """
    try:
        _, logits, _ = _asked_in_training(first, images)
        torch.autograd.backward(logits.sum())
        with torch.no_grad():
            found, wanted = (own.copy().eval()(images) for own in (first, second))
    except FAILURES as error:
        if is_memory_error(error):
            raise
        return False
    return bool(torch.allclose(found, wanted, rtol=1e-3, atol=1e-3 * max(1.0, float(wanted.abs().max()))))


def check_rows_apart(own: OwnNet, shape: tuple[int, int, int]) -> None:
    """Raise AssayError `net-refused` where in training an image's answer depends on the others of its batch.

    Processes that share a batch would each train another net than one process does. Told by an image beside
    others, and beside others again; and by what training changes in the net beside its weights.
    shape: height, width, channels.
    """
    fix = "Train it with one process, or use another norm than batch norm, such as nn.GroupNorm."
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(0)
        batches = [torch.rand(_LEAST_TRIED, *shape) for _ in range(2)]
        batches[1][0] = batches[0][0]
        nets, answers = [own.copy().train() for _ in batches], []
        with net_errors(own.name, "a batch does not go through it in training", fix):
            for net, images in zip(nets, batches, strict=True):
                torch.manual_seed(0)
                answers.append(net(images)[0])
    if not torch.allclose(answers[0], answers[1], rtol=1e-5, atol=1e-6):
        what = "in training an image's answer depends on the others of its batch, which workers share"
        raise _refused(own.name, what, fix)
    first, second = (dict(net.named_buffers()) for net in nets)
    if any(not torch.equal(tensor, second[name]) for name, tensor in first.items()):
        what = "it keeps statistics of the images of a batch, which workers share"
        raise _refused(own.name, what, fix)


def check_last_batch(own: OwnNet, shape: tuple[int, int, int], images: int, batch_size: int) -> None:
    """Raise AssayError `net-refused` where the last batch of an epoch is one image, which batch norm refuses.

    shape: height, width, channels. images: how many an epoch shows.
    """
    if images % batch_size != 1:
        return
    doing = f"the last batch of an epoch is a single image ({images:,} images, batch_size {batch_size})"
    fix = f"Give another batch_size, such as {batch_size + 1}."
    with torch.random.fork_rng(devices=[]), net_errors(own.name, doing, fix):
        own.copy().train()(torch.zeros(1, *shape))
