"""The networks in plain PyTorch, and their forward passes over rows of different lengths."""

import torch
import torch.nn as nn
import torch.nn.functional as F

STATISTICS_MOMENTUM = 0.1
CLASSES = 3
SYMBOLS = 41


# Models. Plain PyTorch: their `forward` knows nothing of padding.


class CausalConv(nn.Conv1d):
    """Sees a position and its past only."""

    def forward(self, x):
        past = (self.kernel_size[0] - 1) * self.dilation[0]
        return super().forward(F.pad(x, (past, 0)))


class ChannelNorm(nn.LayerNorm):
    """LayerNorm over the channels of each position of [rows, channels, length]."""

    def forward(self, x):
        return super().forward(x.transpose(1, 2)).transpose(1, 2)


class Block(nn.Module):
    """relu(m(x) + x), the parameters being m.0, m.1, m.3 and m.4."""

    def __init__(self, channels, kernel, dilation, bias, causal):
        super().__init__()
        if causal:
            first = CausalConv(channels, channels, kernel, dilation=dilation, bias=bias)
            second = CausalConv(channels, channels, kernel, bias=bias)
            norms = [ChannelNorm(channels) for _ in range(2)]
        else:
            first = nn.Conv1d(channels, channels, kernel, padding="same", dilation=dilation, bias=bias)
            second = nn.Conv1d(channels, channels, kernel, padding="same", bias=bias)
            norms = [nn.BatchNorm1d(channels, momentum=STATISTICS_MOMENTUM) for _ in range(2)]
        self.m = nn.Sequential(first, norms[0], nn.ReLU(), second, norms[1])

    def forward(self, x):
        return F.relu(self.m(x) + x)


class Network(nn.Module):
    """A head on the mean over the length of `features`; `pretext` reads each position."""

    def add_heads(self, spec, channels):
        self.decoder = nn.Linear(channels, CLASSES)
        if spec.get("pretextOutputs"):
            self.pretext = nn.Linear(channels, spec["pretextOutputs"])

    def features(self, x, layer):
        """`layer(module, x)` applies a module."""
        raise NotImplementedError

    def forward(self, x):
        return self.decoder(self.features(x, lambda m, x: m(x)).mean(-1))


def input_channels(spec):
    return {"embedding": SYMBOLS + 1, "value": 2}[spec["input"]]


def in_turn(modules, x, layer):
    for m in modules:
        x = layer(m, x)
    return x


class Residual(Network):
    """Encoder and residual blocks."""

    def __init__(self, spec):
        super().__init__()
        channels, reference = spec["channels"], spec["family"] == "reference"
        dilations = [1] if reference else spec["dilations"]
        kernel = 3 if reference else spec["kernel"]
        self.encoder = nn.Conv1d(1 if reference else input_channels(spec), channels, 1)
        causal = spec["family"] == "causal"
        blocks = (Block(channels, kernel, d, bias=reference, causal=causal) for d in dilations)
        self.model = nn.Sequential(*blocks)
        self.add_heads(spec, channels)

    def features(self, x, layer):
        x = layer(self.encoder, x)
        for block in self.model:
            x = F.relu(in_turn(block.m, x, layer) + x)
        return x


class WangBlock(nn.Module):
    """Convolutions of several sizes in turn, and a shortcut that convolves where the channels differ."""

    def __init__(self, inputs, channels, kernels):
        super().__init__()
        widths = [inputs] + [channels] * (len(kernels) - 1)
        layers = []
        for width, kernel in zip(widths, kernels):
            conv = nn.Conv1d(width, channels, kernel, padding="same", bias=False)
            layers += [conv, nn.BatchNorm1d(channels, momentum=STATISTICS_MOMENTUM), nn.ReLU()]
        self.m = nn.Sequential(*layers[:-1])
        convolved = nn.Conv1d(inputs, channels, 1, bias=False) if inputs != channels else nn.Identity()
        norm = nn.BatchNorm1d(channels, momentum=STATISTICS_MOMENTUM)
        self.shortcut = nn.Sequential(convolved, norm)


class ResNet(Network):
    """Wang, Yan and Oates, "Time series classification from scratch with deep neural networks" (2017)."""

    def __init__(self, spec):
        super().__init__()
        widths = [input_channels(spec)] + spec["blocks"]
        blocks = (WangBlock(a, b, spec["kernels"]) for a, b in zip(widths, widths[1:]))
        self.model = nn.Sequential(*blocks)
        self.add_heads(spec, widths[-1])

    def features(self, x, layer):
        for block in self.model:
            x = F.relu(in_turn(block.m, x, layer) + in_turn(block.shortcut, x, layer))
        return x


class InceptionModule(nn.Module):
    """Convolutions of several sizes on a bottleneck and one on maxima, side by side."""

    def __init__(self, inputs, spec):
        super().__init__()
        filters, bottleneck = spec["filters"], spec["bottleneck"]
        self.bottleneck = nn.Conv1d(inputs, bottleneck, 1, bias=False)
        sizes = spec["kernels"]
        self.convs = nn.ModuleList(
            nn.Conv1d(bottleneck, filters, k, padding="same", bias=False) for k in sizes)
        self.pool = nn.MaxPool1d(3, stride=1, padding=1)
        self.pooled = nn.Conv1d(inputs, filters, 1, bias=False)
        self.norm = nn.BatchNorm1d(filters * (len(sizes) + 1), momentum=STATISTICS_MOMENTUM)

    def features(self, x, layer):
        narrow = layer(self.bottleneck, x)
        branches = [layer(conv, narrow) for conv in self.convs]
        return F.relu(layer(self.norm, torch.cat([*branches, layer(self.pooled, layer(self.pool, x))], 1)))


class Inception(Network):
    """Ismail Fawaz et al., "InceptionTime" (2020): a shortcut beside every three modules."""

    def __init__(self, spec):
        super().__init__()
        inputs, channels = input_channels(spec), spec["filters"] * (len(spec["kernels"]) + 1)
        modules = [InceptionModule(channels if i else inputs, spec) for i in range(spec["depth"])]
        for i in range(2, spec["depth"], 3):
            modules[i].shortcut = nn.Sequential(
                nn.Conv1d(inputs if i == 2 else channels, channels, 1, bias=False),
                nn.BatchNorm1d(channels, momentum=STATISTICS_MOMENTUM))
        self.model = nn.Sequential(*modules)
        self.add_heads(spec, channels)

    def features(self, x, layer):
        beside = x
        for module in self.model:
            x = module.features(x, layer)
            if hasattr(module, "shortcut"):
                x = beside = F.relu(in_turn(module.shortcut, beside, layer) + x)
        return x


class GatedBlock(nn.Module):
    """A depthwise convolution, and a gated pointwise layer behind its norm."""

    def __init__(self, spec):
        super().__init__()
        channels, wide = spec["channels"], spec["channels"] * spec["expansion"]
        self.depthwise = nn.Conv1d(
            channels, channels, spec["kernel"], padding="same", groups=channels, bias=False)
        self.norm = nn.BatchNorm1d(channels, momentum=STATISTICS_MOMENTUM)
        self.expand = nn.Conv1d(channels, wide, 1)
        self.gate = nn.Conv1d(channels, wide, 1)
        self.project = nn.Conv1d(wide, channels, 1)

    def features(self, x, layer):
        h = layer(self.norm, layer(self.depthwise, x))
        y = F.gelu(layer(self.expand, h)) * torch.sigmoid(layer(self.gate, h))
        return x + layer(self.project, y)


class ModernTcn(Network):
    """After Luo and Wang, "ModernTCN" (2024), and Bo et al., "Revisiting Convolution Architecture …" (2025)."""

    def __init__(self, spec):
        super().__init__()
        self.stem = nn.Conv1d(input_channels(spec), spec["channels"], spec["stem"], padding="same")
        self.model = nn.Sequential(*(GatedBlock(spec) for _ in range(spec["depth"])))
        self.norm = nn.BatchNorm1d(spec["channels"], momentum=STATISTICS_MOMENTUM)
        self.add_heads(spec, spec["channels"])

    def features(self, x, layer):
        x = layer(self.stem, x)
        for block in self.model:
            x = block.features(x, layer)
        return layer(self.norm, x)


class StridedBlock(nn.Module):
    """Two convolutions, the first one with the stride, and a shortcut that convolves where they don't fit."""

    def __init__(self, inputs, channels, kernel, stride):
        super().__init__()
        norm = lambda: nn.BatchNorm1d(channels, momentum=STATISTICS_MOMENTUM)
        self.m = nn.Sequential(
            nn.Conv1d(inputs, channels, kernel, stride, padding=kernel // 2, bias=False), norm(), nn.ReLU(),
            nn.Conv1d(channels, channels, kernel, padding=kernel // 2, bias=False), norm())
        if stride > 1 or inputs != channels:
            self.shortcut = nn.Sequential(nn.Conv1d(inputs, channels, 1, stride, bias=False), norm())

    def features(self, x, layer):
        beside = in_turn(self.shortcut, x, layer) if hasattr(self, "shortcut") else x
        return F.relu(in_turn(self.m, x, layer) + beside)


class Strided(Network):
    """He et al., "Deep residual learning" (2016), in one dimension, and a decoder as in Ronneberger et al. (2015)."""

    def __init__(self, spec):
        super().__init__()
        stages, stride, kernel = spec["stages"], spec["stride"], spec["kernel"]

        def unit(a, b, k, s):
            conv = nn.Conv1d(a, b, k, s, padding=k // 2, bias=False)
            return nn.Sequential(conv, nn.BatchNorm1d(b, momentum=STATISTICS_MOMENTUM))

        self.stride = stride
        self.stem = unit(input_channels(spec), stages[0], spec["stem"], stride)
        self.pool = nn.MaxPool1d(2 * stride - 1, stride, padding=stride - 1)
        self.model, width = nn.Sequential(), stages[0]
        for i, channels in enumerate(stages):
            blocks = nn.Sequential()
            for j in range(spec["depth"]):
                blocks.append(StridedBlock(width, channels, kernel, stride if i and not j else 1))
                width = channels
            self.model.append(blocks)
        skips = [input_channels(spec), stages[0], *stages[:-1]][::-1]
        outs = [stages[0], stages[0], *stages[:-1]][::-1]
        self.up = nn.ModuleList()
        if spec["decoder"]:
            for skip, out in zip(skips, outs):
                self.up.append(unit(width + skip, out, kernel, 1))
                width = out
        self.steps = 1 if spec["decoder"] else stride ** (len(stages) + 1)
        self.add_heads(spec, width)

    def features(self, x, layer):
        skips = [x, F.relu(in_turn(self.stem, x, layer))]
        x = layer(self.pool, skips[-1])
        for stage in self.model:
            for block in stage:
                x = block.features(x, layer)
            skips.append(x)
        for up, skip in zip(self.up, skips[-2::-1]):
            longer = lambda x: x.repeat_interleave(self.stride, -1)[..., : skip.shape[-1]]
            x = F.relu(in_turn(up, torch.cat([layer(longer, x), skip], 1), layer))
        return x


NETWORKS = {"reference": Residual, "dilated": Residual, "causal": Residual, "resnet": ResNet,
            "inception": Inception, "modern-tcn": ModernTcn, "strided": Strided}


def network(spec, seed, dtype):
    """PyTorch's own initialisation, except that no norm starts at its neutral values."""
    torch.manual_seed(seed)
    net = NETWORKS[spec["family"]](spec)
    with torch.no_grad():
        for norm in norms_of(net).values():
            norm.weight.add_(0.2 * torch.randn_like(norm.weight))
            norm.bias.add_(0.2 * torch.randn_like(norm.bias))
            norm.running_mean.add_(0.1 * torch.randn_like(norm.running_mean))
            norm.running_var.add_(0.5 * torch.rand_like(norm.running_var))
        for norm in (m for m in net.modules() if isinstance(m, ChannelNorm)):
            norm.weight.add_(0.2 * torch.randn_like(norm.weight))
            norm.bias.add_(0.2 * torch.randn_like(norm.bias))
    return net.to(dtype)


def norms_of(net):
    return {name: m for name, m in net.named_modules() if isinstance(m, nn.BatchNorm1d)}


def state_of(net):
    """Parameters and running statistics; `num_batches_tracked` changes no result and is left out."""
    state = net.state_dict().items()
    return {k: v.detach().clone() for k, v in state if not k.endswith("num_batches_tracked")}


# Padding: activations are zero in it after every layer, and BatchNorm sees the valid positions only.


def by_pytorch(norm, values):
    """BatchNorm of [valid positions, channels] with PyTorch's own update of the running statistics."""
    return norm(values)


def recorder(records):
    """BatchNorm that leaves the running statistics alone and records n, mean and unbiased variance."""

    def normalise(norm, values):
        mean, var = torch.zeros_like(norm.running_mean), torch.ones_like(norm.running_var)
        # With momentum 1 the buffers become exactly what PyTorch would have blended in.
        y = F.batch_norm(values, mean, var, norm.weight, norm.bias, True, 1.0, norm.eps)
        records[norm] = (values.shape[0], mean, var)
        return y

    return normalise


def masked_features(net, x, lengths, normalise=by_pytorch):
    """`net.features(x)` for rows of different lengths, zero in the padding."""
    whole = (torch.arange(x.shape[-1]) < lengths[:, None])[:, None, :]

    def valid_of(y):
        """Which positions of an activation are no padding: every n-th of those of the input."""
        step = 1
        while len(range(0, whole.shape[-1], step)) > y.shape[-1]:
            step *= net.stride
        return whole[..., ::step]

    def layer(m, x):
        valid = valid_of(x)
        if isinstance(m, nn.BatchNorm1d):
            rows, positions = valid[:, 0].nonzero(as_tuple=True)
            values = normalise(m, x.transpose(1, 2)[rows, positions])
            blank = x.new_zeros(x.shape[0], x.shape[2], x.shape[1])
            return blank.index_put((rows, positions), values).transpose(1, 2)
        if isinstance(m, nn.MaxPool1d):
            y = m(x.masked_fill(~valid, -torch.inf))
            return y.where(valid_of(y), 0)
        y = m(x)
        return y * valid_of(y)

    return net.features(x * whole, layer)


def masked_logits(net, x, lengths, normalise=by_pytorch):
    features = masked_features(net, x, lengths, normalise)
    counts = -(-lengths // getattr(net, "steps", 1))
    return net.decoder(features.sum(-1) / counts[:, None])


def pool_statistics(net, leaves):
    """One momentum update towards Σ n·mean / Σ n and Σ n·(unbiased variance) / Σ n."""
    for norm in norms_of(net).values():
        n = sum(leaf[norm][0] for leaf in leaves)
        norm.running_mean.lerp_(sum(r[norm][0] * r[norm][1] for r in leaves) / n, STATISTICS_MOMENTUM)
        norm.running_var.lerp_(sum(r[norm][0] * r[norm][2] for r in leaves) / n, STATISTICS_MOMENTUM)
