"""Computes the values that the parity tests compare Lockstep with, by PyTorch on one CPU thread.

    python make-fixtures.py            writes ../fixture/parity/NAME.safetensors and NAME.json
    python make-fixtures.py --check    computes everything anew and compares it with those files

requirements.txt has the versions, README.md the layout. Everything is float32; each
model fixture is computed in float64 too, and the largest difference is kept as `float32Deviation`:
no implementation in float32 can be expected to agree better than that.
"""

import argparse
import json
import platform
from pathlib import Path

import numpy
import safetensors
import torch
import torch.nn as nn
import torch.nn.functional as F
from safetensors.torch import load_file, save_file

from layers import layer_tensors
from losses import INPUTS, LOSSES, MASK_VALUE, encoder_input, micro_batch, supervised_loss
from networks import (
    CLASSES,
    STATISTICS_MOMENTUM,
    SYMBOLS,
    by_pytorch,
    masked_logits,
    network,
    norms_of,
    pool_statistics,
    recorder,
    state_of,
)

FOLDER = Path(__file__).resolve().parent.parent / "fixture" / "parity"
MADE_WITH = {
    "python": platform.python_version(),
    "torch": torch.__version__,
    "numpy": numpy.__version__,
    "safetensors": safetensors.__version__,
}


# Global steps.


def train(fixture, dtype):
    """Runs the fixture's steps in one precision: its tensors by name, and its steps for the settings."""
    spec, objective, optimizer = fixture["model"], fixture["objective"], fixture["optimizer"]
    net = network(spec, fixture["seed"], dtype)
    tensors = {f"initial/{k}": v for k, v in state_of(net).items()}
    sgd = None
    if optimizer:
        sgd = torch.optim.SGD(net.parameters(), optimizer["learningRate"], optimizer["momentum"])
    steps = []
    for s, batches in enumerate(fixture["steps"]):
        steps.append(global_step(net, fixture, f"step.{s}", batches, dtype, tensors))
        if sgd:
            sgd.step()
    if sgd:
        tensors |= {f"final/{k}": v for k, v in state_of(net).items()}
    if objective["kind"] == "supervised":
        net.eval()
        first, normalise = fixture["steps"][0][0], None if fixture["unpadded"] else by_pytorch
        logits, _, _ = supervised_loss(net, spec, objective, first, dtype, normalise)
        tensors["evaluation/logits"] = logits.detach().clone()
    return tensors, steps


def global_step(net, fixture, prefix, batches, dtype, tensors):
    """Gradient of (Σ loss sums) / (Σ weights), and one update of the running statistics."""
    loss_of, pooled = LOSSES[fixture["objective"]["kind"]], fixture["pooled"]
    parameters = dict(net.named_parameters())
    total = {k: torch.zeros_like(p) for k, p in parameters.items()}
    leaves, infos = [], []
    for b, batch in enumerate(batches):
        at, records = f"{prefix}/micro-batch.{b}", {}
        normalise = recorder(records) if pooled else None if fixture["unpadded"] else by_pytorch
        net.zero_grad()
        outputs, loss, weight = loss_of(net, fixture["model"], fixture["objective"], batch, dtype, normalise)
        loss.backward()
        for k, p in parameters.items():
            if p.grad is not None:
                total[k] += p.grad
        tensors |= {f"{at}/{k}": batch[k] for k in INPUTS[fixture["objective"]["kind"]]}
        tensors[f"{at}/logits"] = outputs.detach().clone()
        if pooled:
            tensors |= leaf_tensors(at, net, parameters, records)
            leaves.append(records)
        infos.append(micro_batch_info(batch, loss, weight))
    weight = sum(i["weight"] for i in infos)
    for k, p in parameters.items():
        p.grad = total[k] / weight
        tensors[f"{prefix}/gradient/{k}"] = p.grad.clone()
    if pooled:
        pool_statistics(net, leaves)
    for k, norm in norms_of(net).items():
        tensors[f"{prefix}/statistics/{k}.running_mean"] = norm.running_mean.clone()
        tensors[f"{prefix}/statistics/{k}.running_var"] = norm.running_var.clone()
    return {"loss": sum(i["lossSum"] for i in infos) / weight, "microBatches": infos}


def leaf_tensors(at, net, parameters, records):
    """What one micro-batch adds to the step: gradient of its loss sum, BatchNorm mean and variance."""
    leaf = {f"{at}/gradient-of-sum/{k}": p.grad.clone() for k, p in parameters.items()}
    for k, norm in norms_of(net).items():
        _, mean, var = records[norm]
        leaf |= {f"{at}/batch-statistics/{k}.mean": mean, f"{at}/batch-statistics/{k}.unbiased_var": var}
    return leaf


def micro_batch_info(batch, loss, weight):
    rows, padded_length = batch["values"].shape
    return {
        "rows": rows,
        "paddedLength": padded_length,
        "validPositions": int(batch["lengths"].sum()),
        "lossSum": loss.item(),
        "weight": weight.item(),
    }


# The fixtures.

LENGTHS = [37, 41, 52, 64]
SGD = {"kind": "sgd", "momentum": 0.9, "learningRate": 0.003}
SUPERVISED = {"kind": "supervised", "classWeights": None}
WEIGHTED = {"kind": "supervised", "classWeights": [0.5, 1.0, 2.5]}


def reference(channels, **more):
    return {"family": "reference", "channels": channels, "maskValue": MASK_VALUE, **more}


def dilated(source, **more):
    shape = {"family": "dilated", "channels": 8, "input": source, "dilations": [1, 4], "kernel": 3}
    return {**shape, "maskValue": MASK_VALUE, **more}


def causal(source, **more):
    return {**dilated(source, **more), "family": "causal"}


def resnet(source, **more):
    """Kernels of an even and an odd size, shortcuts with a convolution and without."""
    return {"family": "resnet", "input": source, "blocks": [6, 8, 8], "kernels": [4, 3], **more}


def inception(source, **more):
    """Four modules: one shortcut from the input, and a module behind it."""
    shape = {"family": "inception", "input": source, "depth": 4, "filters": 3, "bottleneck": 4}
    return {**shape, "kernels": [6, 3], **more}


def modern_tcn(source, **more):
    shape = {"family": "modern-tcn", "input": source, "channels": 6, "depth": 2, "stem": 4}
    return {**shape, "kernel": 7, "expansion": 2, **more}


def strided(source, **more):
    shape = {"family": "strided", "input": source, "stages": [5, 6], "depth": 2, "stride": 2}
    return {**shape, "stem": 5, "kernel": 3, "decoder": False, **more}


def fixture(about, seed, model, objective, steps, optimizer=SGD, unpadded=False, pooled=False):
    return locals()


def turned(lengths, by):
    by %= len(lengths)
    return lengths[by:] + lengths[:by]


def one_batch_a_step(seed, count=5, lengths=LENGTHS, **how):
    return [[micro_batch(seed + s, turned(lengths, s), **how)] for s in range(count)]


def model_fixtures():
    two = [[micro_batch(600 + s, LENGTHS), micro_batch(650 + s, [70, 12, 66])] for s in range(3)]
    pretext = {"kind": "masked", "target": "classification"}
    regression = {"kind": "masked", "target": "regression"}
    return {
        "reference-sgd": fixture(
            "Five SGD steps on rows of different lengths.",
            1, reference(8), SUPERVISED, one_batch_a_step(100)),
        "reference-sgd-weighted": fixture(
            "The same with class weights: the loss is the weighted mean.",
            2, reference(8), WEIGHTED, one_batch_a_step(200)),
        "reference-sgd-64": fixture(
            "The reference model in its full width.",
            3, reference(64), SUPERVISED, one_batch_a_step(300)),
        "reference-unpadded": fixture(
            "Rows of one length through the plain modules: no code for padding is involved.",
            4, reference(8), WEIGHTED, one_batch_a_step(400, lengths=[48] * 4), unpadded=True),
        "reference-masked": fixture(
            "Masked symbols through the reference model, which is fed the mask value.",
            5, reference(8, pretextOutputs=SYMBOLS), pretext, one_batch_a_step(500, 1), None),
        "two-micro-batches": fixture(
            "Global steps of two micro-batches: one normaliser, pooled running statistics.",
            6, reference(8), WEIGHTED, two, pooled=True),
        "dilated-supervised": fixture(
            "One gradient of the dilated network on labelled rows of different lengths.",
            7, dilated("embedding"), WEIGHTED, one_batch_a_step(700, 1), None),
        "dilated-masked-classification": fixture(
            "One gradient of the masked-symbol objective.",
            8, dilated("embedding", pretextOutputs=SYMBOLS), pretext, one_batch_a_step(800, 1), None),
        "dilated-masked-regression": fixture(
            "One gradient of the masked-value objective on real numbers.",
            9, dilated("value", pretextOutputs=1), regression,
            one_batch_a_step(900, 1, real_values=True), None),
        "causal-supervised": fixture(
            "Three SGD steps of the causal network on rows of different lengths.",
            10, causal("embedding"), WEIGHTED, one_batch_a_step(1100, 3)),
        "causal-next-step-classification": fixture(
            "One gradient of the next-step objective on symbols.",
            11, causal("embedding", pretextOutputs=SYMBOLS),
            {"kind": "next-step", "target": "classification"}, one_batch_a_step(1200, 1), None),
        "causal-next-step-regression": fixture(
            "One gradient of the next-step objective on real numbers.",
            12, causal("value", pretextOutputs=1),
            {"kind": "next-step", "target": "regression"},
            one_batch_a_step(1300, 1, real_values=True), None),
        "dilated-contrastive": fixture(
            "One gradient of the contrastive objective on two views of two sequences.",
            13, dilated("embedding", pretextOutputs=6),
            {"kind": "contrastive", "temperature": 0.2}, one_batch_a_step(1400, 1), None),
        "resnet-supervised": fixture(
            "Two SGD steps of the residual network of Wang et al. on rows of different lengths.",
            14, resnet("value"), WEIGHTED, one_batch_a_step(1500, 2, real_values=True)),
        "resnet-masked-classification": fixture(
            "One gradient of the masked-symbol objective.",
            15, resnet("embedding", pretextOutputs=SYMBOLS), pretext, one_batch_a_step(1600, 1), None),
        "inception-supervised": fixture(
            "Two SGD steps of InceptionTime's network on rows of different lengths.",
            16, inception("value"), WEIGHTED, one_batch_a_step(1700, 2, real_values=True)),
        "modern-tcn-supervised": fixture(
            "Two SGD steps of the gated depthwise network on rows of different lengths.",
            17, modern_tcn("embedding"), WEIGHTED, one_batch_a_step(1800, 2)),
        "strided-supervised": fixture(
            "Two SGD steps of the strided residual network on rows of different lengths.",
            18, strided("value"), WEIGHTED, one_batch_a_step(1900, 2, real_values=True)),
        "strided-masked-classification": fixture(
            "One gradient of the masked-symbol objective through its decoder.",
            19, strided("embedding", stride=3, decoder=True, pretextOutputs=SYMBOLS), pretext,
            one_batch_a_step(2000, 1), None),
    }


def make_model_fixture(f):
    """Tensors in float32 and settings, which say how far float64 is from them."""
    tensors, steps = train(f, torch.float32)
    precise, _ = train(f, torch.float64)
    settings = {
        "about": f["about"],
        "madeWith": MADE_WITH,
        "model": {"classes": CLASSES, "symbols": SYMBOLS, **f["model"]},
        "objective": f["objective"],
        "optimizer": f["optimizer"],
        "statisticsMomentum": STATISTICS_MOMENTUM,
        "batchNormEpsilon": 1e-5,
        "float32Deviation": deviations(tensors, precise),
        "steps": steps,
    }
    return tensors, settings


def deviations(tensors, precise):
    """Largest |float32 − float64| of each kind of tensor."""
    largest = {}
    for name, value in tensors.items():
        kind = next((k for k in KINDS if f"/{k}" in f"/{name}"), None)
        if kind:
            difference = (value - precise[name]).abs().max().item()
            largest[kind] = max(largest.get(kind, 0.0), float(f"{difference:.2e}"))
    return largest


KINDS = ["logits", "gradient-of-sum", "gradient", "batch-statistics", "statistics", "final"]


# Optimizers on given gradients: no model, so rounding in a model cannot blur the comparison.


def optimizer_fixture(about, kind, clip_norm=None):
    torch.manual_seed(1000)
    shapes = {"conv.weight": (4, 3, 3), "head.weight": (3, 5), "head.bias": (3,), "norm.weight": (4,)}
    parameters = {k: nn.Parameter(torch.randn(shape)) for k, shape in shapes.items()}
    optimizer = make_optimizer(kind, parameters)
    tensors = {f"initial/{k}": p.detach().clone() for k, p in parameters.items()}
    steps = []
    for s in range(12):
        # Magnitudes from below epsilon to well above the clipping norm, and one gradient of zeros.
        scale = [1.0, 1e-3, 5.0, 1e-9, 0.0, 0.2][s % 6]
        rate = 0.01 * (s + 1) / 4 if s < 4 else 0.01 * 0.8 ** (s - 3)
        for k, p in parameters.items():
            p.grad = scale * torch.randn_like(p)
            tensors[f"step.{s}/gradient/{k}"] = p.grad.clone()
        norm = nn.utils.clip_grad_norm_(parameters.values(), clip_norm or float("inf"))
        for group in optimizer.param_groups:
            group["lr"] = rate
        optimizer.step()
        tensors |= {f"step.{s}/parameters/{k}": p.detach().clone() for k, p in parameters.items()}
        steps.append({"learningRate": rate, "gradientNorm": norm.item()})
    for k, p in parameters.items():
        tensors |= {f"final/{m}/{k}": v.clone() for m, v in optimizer.state[p].items() if m != "step"}
    hyper = {"adamw": ADAMW, "sgd": {"momentum": 0.9, "weightDecay": 0.0}}[kind]
    settings = {"kind": kind, **hyper, "clipNorm": clip_norm}
    return tensors, {"about": about, "madeWith": MADE_WITH, "optimizer": settings, "steps": steps}


ADAMW = {"beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8, "weightDecay": 0.01}


def make_optimizer(kind, parameters):
    """Weight decay on parameters of two or more dimensions only."""
    if kind == "sgd":
        return torch.optim.SGD(parameters.values(), lr=1.0, momentum=0.9, foreach=False)
    groups = [
        {"params": [p for p in parameters.values() if p.ndim > 1], "weight_decay": ADAMW["weightDecay"]},
        {"params": [p for p in parameters.values() if p.ndim == 1], "weight_decay": 0.0},
    ]
    betas = (ADAMW["beta1"], ADAMW["beta2"])
    return torch.optim.AdamW(groups, lr=1.0, betas=betas, eps=ADAMW["epsilon"], foreach=False)


def optimizer_fixtures():
    return {
        "adamw": optimizer_fixture("AdamW on given gradients, another rate each step.", "adamw"),
        "adamw-clipped": optimizer_fixture("The same, gradients clipped first.", "adamw", 1.0),
        "sgd-momentum": optimizer_fixture("SGD with momentum on given gradients.", "sgd"),
        "sgd-momentum-clipped": optimizer_fixture("The same, gradients clipped first.", "sgd", 1.0),
    }


# What the masking code itself must satisfy, in float64 where only a mistake could show.


def check_masking():
    spec = reference(8)
    batch = micro_batch(1, LENGTHS)
    x, lengths = encoder_input(spec, batch, torch.float64, masked=False), batch["lengths"]
    equal = torch.full_like(lengths, x.shape[-1])
    plain, masked = network(spec, 1, torch.float64), network(spec, 1, torch.float64)
    check_same(plain, plain(x), masked, masked_logits(masked, x, equal))
    short, long = network(spec, 1, torch.float64), network(spec, 1, torch.float64)
    garbage = torch.cat([x, 7 + torch.zeros(len(x), 1, 13)], -1)
    garbage = torch.where(torch.arange(garbage.shape[-1]) < lengths[:, None, None], garbage, 7.0)
    check_same(short, masked_logits(short, x, lengths), long, masked_logits(long, garbage, lengths))
    row = network(spec, 1, torch.float64).eval()
    for i, n in enumerate(lengths.tolist()):
        alone = row(x[i : i + 1, :, :n])[0]
        torch.testing.assert_close(masked_logits(row, x, lengths)[i], alone, rtol=1e-12, atol=1e-12)
    recorded, records = network(spec, 1, torch.float64), {}
    logits = masked_logits(recorded, x, lengths, recorder(records))
    pool_statistics(recorded, [records])
    again = network(spec, 1, torch.float64)
    check_same(recorded, logits, again, masked_logits(again, x, lengths))


def check_same(a, logits_a, b, logits_b):
    """Equal logits, gradients and running statistics."""
    labels = torch.tensor([0, 1, 2, 1])
    for logits in (logits_a, logits_b):
        F.cross_entropy(logits, labels).backward()
    gradients = [{k: p.grad for k, p in net.named_parameters()} for net in (a, b)]
    for left, right in ([logits_a, logits_b], gradients, [state_of(a), state_of(b)]):
        torch.testing.assert_close(left, right, rtol=1e-11, atol=1e-11)


def compare(name, tensors):
    """Inputs are equal to the stored ones, results to 1e-4 (another CPU may round differently)."""
    stored = load_file(FOLDER / f"{name}.safetensors")
    assert stored.keys() == tensors.keys(), f"{name}: the names of the tensors differ"
    for key, value in tensors.items():
        exact = key.startswith("initial/") or value.dtype == torch.int32
        tolerance = 0 if exact else 1e-4
        torch.testing.assert_close(
            value, stored[key], rtol=tolerance, atol=tolerance, msg=lambda m: f"{name} {key}: {m}")
    print(f"{name}: {len(tensors)} tensors agree")


def write(name, tensors, settings):
    path = FOLDER / f"{name}.safetensors"
    save_file({k: v.contiguous() for k, v in tensors.items()}, path)
    path.chmod(0o644)
    text = json.dumps(settings, indent=2, ensure_ascii=False)
    (FOLDER / f"{name}.json").write_text(text + "\n", encoding="utf-8")
    print(f"{name}: {len(tensors)} tensors, {settings.get('float32Deviation', '')}")


def main():
    parser = argparse.ArgumentParser(description="Parity fixtures, computed by PyTorch.")
    parser.add_argument("--check", action="store_true", help="compare with the stored files")
    check_only = parser.parse_args().check
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    check_masking()
    made = {k: make_model_fixture(f) for k, f in model_fixtures().items()} | optimizer_fixtures()
    about = "Single layers: values and gradients."
    made["layers"] = (layer_tensors(), {"about": about, "madeWith": MADE_WITH})
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, (tensors, settings) in made.items():
        if check_only:
            compare(name, tensors)
        else:
            write(name, tensors, settings)


if __name__ == "__main__":
    main()
