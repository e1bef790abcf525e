"""PyTorch as a contender of `bench step`: torch_peer.py eager|compile THREADS, a request a line."""

import json
import sys
import time

import torch
import torch.nn as nn
import torch.nn.functional as functional

SYMBOLS, CLASSES, CHANNELS = 41, 3, 64


class Block(nn.Module):
    def __init__(self, dilation, bias):
        super().__init__()
        self.first = nn.Conv1d(CHANNELS, CHANNELS, 3, padding=dilation, dilation=dilation, bias=bias)
        self.first_norm = nn.BatchNorm1d(CHANNELS)
        self.second = nn.Conv1d(CHANNELS, CHANNELS, 3, padding=1, bias=bias)
        self.second_norm = nn.BatchNorm1d(CHANNELS)

    def forward(self, x):
        h = functional.relu(self.first_norm(self.first(x)))
        return functional.relu(self.second_norm(self.second(h)) + x)


class Network(nn.Module):
    def __init__(self, dilations, bias):
        super().__init__()
        self.encoder = nn.Conv1d(1, CHANNELS, 1)
        self.blocks = nn.Sequential(*[Block(dilation, bias) for dilation in dilations])
        self.decoder = nn.Linear(CHANNELS, CLASSES)

    def forward(self, x):
        return self.decoder(self.blocks(self.encoder(x)).mean(-1))


def make_step(model, compiled):
    network = Network([1], True) if model == "reference" else Network([1, 2, 4, 8, 16, 32], False)
    optimizer = torch.optim.Adam(network.parameters(), 1e-3, fused=True)
    # One graph for every shape would be slower: each shape gets a graph of its own.
    forward = torch.compile(network, dynamic=False) if compiled else network

    def step(values, labels):
        optimizer.zero_grad()
        loss = functional.cross_entropy(forward(values), labels)
        loss.backward()
        optimizer.step()
        return loss.item()

    return step


def restart_peak_memory():
    with open("/proc/self/clear_refs", "w") as file:
        file.write("5")


def peak_memory():
    with open("/proc/self/status") as file:
        line = next(line for line in file if line.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024


def main():
    compiled, threads = sys.argv[1] == "compile", int(sys.argv[2])
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    if compiled:
        torch._dynamo.config.recompile_limit = 64
    steps = {}
    for line in sys.stdin:
        request = json.loads(line)
        if request["kind"] == "facts":
            print(json.dumps({"version": torch.__version__}), flush=True)
            continue
        shape = request["shape"]
        # Without padding: PyTorch's BatchNorm would take it for data.
        rows, length = shape["rows"], shape["paddedLength"]
        step = steps.setdefault(shape["model"], make_step(shape["model"], compiled))
        values = torch.randint(0, SYMBOLS, (rows, 1, length)).float()
        labels = torch.arange(rows) % CLASSES
        milliseconds = []
        for index in range(request["warmUp"] + request["steps"]):
            if index == request["warmUp"]:
                restart_peak_memory()
            start = time.perf_counter()
            step(values, labels)
            if index >= request["warmUp"]:
                milliseconds.append((time.perf_counter() - start) * 1e3)
        print(json.dumps({"milliseconds": milliseconds, "peakBytes": peak_memory()}), flush=True)


if __name__ == "__main__":
    main()
