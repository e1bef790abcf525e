"""PyTorch's DistributedDataParallel over gloo as a contender of `bench scaling`: ddp_peer.py RANK WORLD_SIZE FILE."""

import json
import sys
import time

import torch
import torch.distributed as distributed
import torch.nn.functional as functional
from torch.nn.parallel import DistributedDataParallel

from torch_peer import CLASSES, SYMBOLS, Network


def main():
    rank, world_size, file = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    torch.set_num_threads(1)
    torch.manual_seed(0)
    distributed.init_process_group("gloo", init_method=f"file://{file}", rank=rank, world_size=world_size)
    networks = {}
    for line in sys.stdin:
        request = json.loads(line)
        model, rows, length = request["model"], request["rows"], request["length"]
        if model not in networks:
            network = Network([1], True) if model == "reference" else Network([1, 2, 4, 8, 16, 32], False)
            optimizer = torch.optim.AdamW(network.parameters(), 1e-3, weight_decay=0, fused=True)
            networks[model] = DistributedDataParallel(network), optimizer
        network, optimizer = networks[model]
        batches = [
            (torch.randint(0, SYMBOLS, (rows, 1, length)).float(), torch.arange(rows) % CLASSES)
            for _ in range(request["microBatches"])
        ]
        for index in range(request["warmUp"] + request["steps"]):
            if index == request["warmUp"]:
                started = time.perf_counter()
            optimizer.zero_grad()
            for number, (values, labels) in enumerate(batches):
                # Gradients are exchanged with the last micro-batch of a step.
                network.require_backward_grad_sync = number == len(batches) - 1
                functional.cross_entropy(network(values), labels).backward()
            optimizer.step()
        seconds = time.perf_counter() - started
        print(json.dumps({"secondsAStep": seconds / request["steps"]}), flush=True)


main()
