"""gloo's all-reduce as a contender of `bench collective`: gloo_peer.py RANK WORLD_SIZE FILE, a request a line."""

import json
import sys
import time

import torch
import torch.distributed as distributed


def main():
    rank, world_size, file = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    torch.set_num_threads(1)
    distributed.init_process_group("gloo", init_method=f"file://{file}", rank=rank, world_size=world_size)
    for line in sys.stdin:
        request = json.loads(line)
        milliseconds = []
        for repeat in range(request["warmUp"] + request["repeats"]):
            vector = torch.full((request["floats"],), float(rank + 1))
            started = time.perf_counter()
            distributed.all_reduce(vector)
            if repeat >= request["warmUp"]:
                milliseconds.append(1e3 * (time.perf_counter() - started))
        expected = world_size * (world_size + 1) / 2
        correct = bool(vector[0] == expected and vector[-1] == expected)
        print(json.dumps({"milliseconds": milliseconds, "correct": correct}), flush=True)


main()
