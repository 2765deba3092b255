"""Synchronized batch norm: statistics over a batch whose images lie in several processes.

Each process tells the others the mean and the variance of its part; all compute those of the whole batch
(Chan, Golub and LeVeque 1983). So the net learns as in one process, whatever the number of processes: with
the statistics of its part alone each would train another net.
"""

from typing import Any, Final

import torch
from torch import nn
from torch.nn.functional import batch_norm

from assay.training.loop.data_parallel import Workers
from assay.training.nets.cnn import BatchNorm

_KERNELS: Final[Any] = torch.ops.aten


class SharedBatchNorm(BatchNorm):
    """`BatchNorm` with the weights, statistics and settings of `layer`, which it replaces."""

    def __init__(self, layer: BatchNorm, workers: Workers) -> None:
        super().__init__(layer.num_features, layer.eps, layer.momentum)
        self._workers = workers
        self.weight, self.bias = layer.weight, layer.bias
        for name, buffer in layer.named_buffers():
            self.register_buffer(name, buffer)
        self.train(layer.training)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """Channels are axis 1; the shape stays."""
        if not self.training:
            return super().forward(inputs)
        with torch.no_grad():
            count, mean, variance = _statistics(inputs.detach(), self._workers)
        if count < 2:  # as in one process: one value has no deviation
            running_mean, running_var = self.running_mean, self.running_var
            return batch_norm(inputs, running_mean, running_var, self.weight, self.bias, eps=self.eps)
        self._remember(count, mean, variance)
        normalize: Any = _Normalize.apply
        outputs: torch.Tensor = normalize(
            inputs, self.weight, self.bias, mean, variance, self.eps, count, self._workers
        )
        return outputs

    @torch.no_grad()
    def _remember(self, count: int, mean: torch.Tensor, variance: torch.Tensor) -> None:
        assert self.running_mean is not None and self.running_var is not None
        assert self.momentum is not None and self.num_batches_tracked is not None
        self.num_batches_tracked.add_(1)
        self.running_mean.lerp_(mean, self.momentum)
        self.running_var.lerp_(variance * (count / (count - 1)), self.momentum)


def share_batch_norm(network: nn.Module, workers: Workers) -> None:
    """Replace each `BatchNorm` in the net by one over the whole batch; nothing where there is one process."""
    if workers.count == 1:
        return
    for parent in network.modules():
        for name, layer in parent.named_children():
            if isinstance(layer, BatchNorm):
                setattr(parent, name, SharedBatchNorm(layer, workers))


def _statistics(inputs: torch.Tensor, workers: Workers) -> tuple[int, torch.Tensor, torch.Tensor]:
    """How many values a channel has in all processes, their mean and their variance, float32 `(c,)`."""
    channels = inputs.shape[1]
    rows = torch.zeros(workers.count, 1 + 2 * channels, dtype=torch.float64, device=inputs.device)
    if inputs.numel():
        axes = [axis for axis in range(inputs.ndim) if axis != 1]
        variance, mean = torch.var_mean(inputs.float(), axes, correction=0)
        own = rows[workers.rank]
        own[0], own[1 : 1 + channels], own[1 + channels :] = inputs.numel() // channels, mean, variance
    rows = workers.sum(rows)
    counts, means, variances = rows[:, :1], rows[:, 1 : 1 + channels], rows[:, 1 + channels :]
    count = counts.sum()
    mean = (counts * means).sum(0) / count
    variance = (counts * (variances + (means - mean) ** 2)).sum(0) / count
    return int(count), mean.float(), variance.float()


class _Normalize(torch.autograd.Function):
    """Normalization by given statistics that are those of all processes' inputs."""

    @staticmethod
    def forward(
        ctx: Any,
        inputs: torch.Tensor,
        weight: torch.Tensor,
        bias: torch.Tensor,
        mean: torch.Tensor,
        variance: torch.Tensor,
        eps: float,
        count: int,
        workers: Workers,
    ) -> torch.Tensor:
        ctx.save_for_backward(inputs, weight, mean, variance)
        ctx.eps, ctx.count, ctx.workers = eps, count, workers
        return batch_norm(inputs, mean, variance, weight, bias, eps=eps)

    @staticmethod
    def backward(ctx: Any, grad_outputs: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        inputs, weight, mean, variance = ctx.saved_tensors
        if inputs.numel():
            kernel = _KERNELS.native_batch_norm_backward.default
            statistics = (mean, variance, None, None, False, ctx.eps)
            grad_inputs, grad_weight, grad_bias = kernel(
                grad_outputs, inputs, weight, *statistics, (True, True, True)
            )
        else:  # the kernel divides by the number of values: the whole process would end
            grad_inputs, grad_weight, grad_bias = map(torch.zeros_like, (inputs, weight, weight))
        # What of the gradient goes through mean and variance: by the sums over the whole batch.
        sums = ctx.workers.sum(torch.stack([grad_bias, grad_weight]).float()) / ctx.count
        scale = (variance + ctx.eps).rsqrt()
        slope = -weight * scale * scale * sums[1]
        offset = -weight * scale * sums[0] - slope * mean
        shape = (1, -1, *(1,) * (inputs.ndim - 2))
        grad_inputs = grad_inputs + torch.addcmul(offset.view(shape), inputs, slope.view(shape))
        return grad_inputs.to(inputs.dtype), grad_weight, grad_bias, None, None, None, None, None
