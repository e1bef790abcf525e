"""Micro-batches, and for each objective the sum of its losses and the sum of its weights."""

import torch
import torch.nn.functional as F

from networks import CLASSES, SYMBOLS, masked_features, masked_logits

MASK_VALUE = -1.0
SPAN = 5


def micro_batch(seed, lengths, real_values=False):
    """Rows of symbols 0 … 40 (or real numbers) with 0 in the padding, labels, and a mask of whole spans."""
    g = torch.Generator().manual_seed(seed)
    shape = (len(lengths), max(lengths))
    valid = torch.arange(shape[1]) < torch.tensor(lengths)[:, None]
    values = torch.randint(0, SYMBOLS, shape, generator=g, dtype=torch.int32)
    if real_values:
        values = 2 * torch.randn(shape, generator=g)
    mask = torch.zeros(shape, dtype=torch.int32)
    for row, length in enumerate(lengths):
        # The first row is masked at its start, the last at its end; the others anywhere.
        middle = int(torch.randint(0, length - SPAN + 1, (1,), generator=g))
        starts = [middle] + [0] * (row == 0) + [length - SPAN] * (row == len(lengths) - 1)
        for start in starts:
            mask[row, start : start + SPAN] = 1
    labels = torch.randint(0, CLASSES, (len(lengths),), generator=g, dtype=torch.int32)
    return {
        "values": values * valid,
        "lengths": torch.tensor(lengths, dtype=torch.int32),
        "labels": labels,
        "mask": mask,
        "positions": mask.flatten().nonzero()[:, 0].int(),
        # Every valid position that has a next one.
        "next-positions": torch.cat(
            [torch.arange(n - 1) + i * shape[1] for i, n in enumerate(lengths)]).int(),
    }


def encoder_input(spec, batch, dtype, masked):
    """[rows, input channels, length]: the number itself, a one-hot symbol, or number and mask flag."""
    mask = batch["mask"] if masked else torch.zeros_like(batch["mask"])
    if spec.get("input") == "embedding":
        symbols = batch["values"].long().masked_fill(mask == 1, SYMBOLS)
        return F.one_hot(symbols, SYMBOLS + 1).to(dtype).transpose(1, 2)
    values = batch["values"].to(dtype).masked_fill(mask == 1, MASK_VALUE)
    channels = [values, mask.to(dtype)] if spec.get("input") == "value" else [values]
    return torch.stack(channels, 1)


def supervised_loss(net, spec, objective, batch, dtype, normalise):
    """Σ w[label] · cross-entropy and Σ w[label]; `normalise` None is the module's own forward."""
    x = encoder_input(spec, batch, dtype, masked=False)
    logits = net(x) if normalise is None else masked_logits(net, x, batch["lengths"], normalise)
    labels, weights = batch["labels"].long(), objective["classWeights"]
    w = torch.ones(CLASSES, dtype=dtype) if weights is None else torch.tensor(weights, dtype=dtype)
    return logits, F.cross_entropy(logits, labels, w, reduction="sum"), w[labels].sum()


def masked_loss(net, spec, objective, batch, dtype, normalise):
    """Σ cross-entropy (or squared error) over the masked positions, and their number."""
    x = encoder_input(spec, batch, dtype, masked=True)
    features = masked_features(net, x, batch["lengths"], normalise)
    positions = batch["positions"].long()
    targets = batch["values"].flatten()[positions]
    return pretext_loss(net, features, positions, targets, objective, dtype)


def next_step_loss(net, spec, objective, batch, dtype, normalise):
    """The same at every position that has a next one, whose value is the target."""
    x = encoder_input(spec, batch, dtype, masked=False)
    features = masked_features(net, x, batch["lengths"], normalise)
    positions = batch["next-positions"].long()
    targets = batch["values"].flatten()[positions + 1]
    return pretext_loss(net, features, positions, targets, objective, dtype)


def pretext_loss(net, features, positions, targets, objective, dtype):
    outputs = net.pretext(features.transpose(1, 2).flatten(0, 1)[positions])
    if objective["target"] == "classification":
        loss = F.cross_entropy(outputs, targets.long(), reduction="sum")
    else:
        loss = F.mse_loss(outputs[:, 0], targets.to(dtype), reduction="sum")
    return outputs, loss, torch.tensor(float(len(positions)), dtype=dtype)


def contrastive_loss(net, spec, objective, batch, dtype, normalise):
    """Rows 0 … n/2 − 1 and n/2 … n − 1 are two views of the same sequences: NT-Xent over all rows."""
    x = encoder_input(spec, batch, dtype, masked=False)
    features = masked_features(net, x, batch["lengths"], normalise)
    means = features.sum(-1) / batch["lengths"][:, None].to(dtype)
    embedded = net.pretext(means)
    vectors, rows = F.normalize(embedded, dim=1), len(embedded)
    logits = vectors @ vectors.T / objective["temperature"]
    logits = logits.masked_fill(torch.eye(rows, dtype=torch.bool), -torch.inf)
    partners = (torch.arange(rows) + rows // 2) % rows
    loss = F.cross_entropy(logits, partners, reduction="sum")
    return embedded, loss, torch.tensor(float(rows), dtype=dtype)


LOSSES = {
    "supervised": supervised_loss,
    "masked": masked_loss,
    "next-step": next_step_loss,
    "contrastive": contrastive_loss,
}
INPUTS = {
    "supervised": ["values", "lengths", "labels"],
    "masked": ["values", "lengths", "mask", "positions"],
    "next-step": ["values", "lengths", "next-positions"],
    "contrastive": ["values", "lengths"],
}
