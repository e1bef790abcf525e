"""Single layers by PyTorch, each sequence by itself, so that no code for padding is involved."""

import torch
import torch.nn as nn
import torch.nn.functional as F

LENGTHS = [5, 3]
CHANNELS = 4


def convolved(x, weight, bias, groups, dilation=1, past=None):
    """PyTorch's 'same', or zeros before the first position only."""
    if past is None:
        return F.conv1d(x, weight, bias, dilation=dilation, padding="same", groups=groups)
    return F.conv1d(F.pad(x, (past, 0)), weight, bias, dilation=dilation, groups=groups)


def attention(x, weight, bias):
    scores = F.conv1d(x, weight, bias).softmax(-1)
    return (x * scores).sum(-1)


def squeeze_excite(x, reduce_weight, reduce_bias, expand_weight, expand_bias):
    narrow = F.relu(F.linear(x.mean(-1), reduce_weight, reduce_bias))
    return x * torch.sigmoid(F.linear(narrow, expand_weight, expand_bias))[:, :, None]


def group_norm(x, weight, bias):
    return F.group_norm(x, 2, weight, bias)


def coarse(stride, layer):
    """A layer at every stride-th position, each of its results repeated: as long as the input again."""
    return lambda x, *parameters: layer(x, *parameters).repeat_interleave(stride, -1)[..., : x.shape[-1]]


def strided(stride, past=None, groups=1, dilation=1):
    """PyTorch's 'same', or zeros before the first position only, at every stride-th position."""

    def layer(x, weight, bias):
        reach = (weight.shape[-1] - 1) * dilation
        before = reach // 2 if past is None else past
        padded = F.pad(x, (before, reach - before))
        return F.conv1d(padded, weight, bias, stride=stride, dilation=dilation, groups=groups)

    return coarse(stride, layer)


# Each layer: a function of [1, channels, length] and of its parameters, and their shapes.
LAYERS = {
    "gelu": (F.gelu, {}),
    "silu": (F.silu, {}),
    "tanh": (torch.tanh, {}),
    "sigmoid": (torch.sigmoid, {}),
    "max-pool": (lambda x: F.max_pool1d(x, 3, stride=1, padding=1), {}),
    "average-pool": (
        lambda x: F.avg_pool1d(x, 3, stride=1, padding=1, count_include_pad=False), {}),
    "max-over-length": (lambda x: x.amax(-1), {}),
    "attention": (attention, {"weight": (1, CHANNELS, 1), "bias": (1,)}),
    "grouped": (
        lambda x, weight, bias: convolved(x, weight, bias, groups=2, dilation=2),
        {"weight": (6, 2, 3), "bias": (6,)}),
    "depthwise": (
        lambda x, weight, bias: convolved(x, weight, bias, groups=CHANNELS),
        {"weight": (CHANNELS, 1, 4), "bias": (CHANNELS,)}),
    "depthwise-causal": (
        lambda x, weight: convolved(x, weight, None, groups=CHANNELS, dilation=2, past=4),
        {"weight": (CHANNELS, 1, 3)}),
    "group-norm": (group_norm, {"weight": (CHANNELS,), "bias": (CHANNELS,)}),
    "squeeze-excite": (
        squeeze_excite,
        {"reduce.weight": (3, CHANNELS), "reduce.bias": (3,), "expand.weight": (CHANNELS, 3),
         "expand.bias": (CHANNELS,)}),
    "max-pool-strided": (coarse(2, lambda x: F.max_pool1d(x, 3, stride=2, padding=1)), {}),
    "max-pool-pairs": (coarse(2, lambda x: F.max_pool1d(x, 2, stride=2, ceil_mode=True)), {}),
    "average-pool-strided": (
        coarse(2, lambda x: F.avg_pool1d(x, 3, stride=2, padding=1, count_include_pad=False)), {}),
    "strided": (strided(2), {"weight": (4, CHANNELS, 3), "bias": (4,)}),
    "strided-even": (strided(2), {"weight": (4, CHANNELS, 4), "bias": (4,)}),
    "strided-wide": (strided(4), {"weight": (4, CHANNELS, 7), "bias": (4,)}),
    "strided-point": (strided(3), {"weight": (4, CHANNELS, 1), "bias": (4,)}),
    "strided-causal": (strided(2, past=2), {"weight": (4, CHANNELS, 3), "bias": (4,)}),
    "strided-depthwise": (
        strided(2, groups=CHANNELS, dilation=2), {"weight": (CHANNELS, 1, 3), "bias": (CHANNELS,)}),
}


def layer_tensors():
    """Of each layer: its input by position, parameters, a probe, Σ output · probe, and the gradients of that."""
    torch.manual_seed(2000)
    tensors = {"lengths": torch.tensor(LENGTHS, dtype=torch.int32)}
    for name, (layer, shapes) in LAYERS.items():
        x = nn.Parameter(2 * torch.randn(sum(LENGTHS), CHANNELS))
        parameters = {k: nn.Parameter(torch.randn(shape)) for k, shape in shapes.items()}
        outputs = []
        for part in x.split(LENGTHS):
            y = layer(part.T[None], *parameters.values())
            outputs.append(y[0].T if y.ndim == 3 else y)
        output = torch.cat(outputs)
        probe = torch.randn_like(output)
        value = (output * probe).sum()
        value.backward()
        tensors |= {f"{name}/probe": probe, f"{name}/value": value.detach()[None]}
        for k, p in {"x": x, **parameters}.items():
            tensors |= {f"{name}/{k}": p.detach().clone(), f"{name}/gradient/{k}": p.grad.clone()}
    return tensors
