"""A plain PyTorch loop: pipeline_peer.py MODEL THREADS BUDGET WARM_UP STEPS LENGTHS LABELS VALUES.

Sequences lie in memory. Batches are neighbours by length, as many as fit the budget, in random order; each is padded
by pad_sequence. Prints the real tokens a second and PyTorch's version as JSON. Exits with 3 without PyTorch.
"""

import json
import pathlib
import random
import sys
import time

try:
    import torch
    import torch.nn.functional as functional
    from torch.nn.utils.rnn import pad_sequence
except ImportError:
    sys.exit(3)

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from torch_peer import Network  # noqa: E402


def tensor(path, dtype):
    size = pathlib.Path(path).stat().st_size // torch.empty(0, dtype=dtype).element_size()
    return torch.from_file(path, size=size, dtype=dtype)


def sorted_batches(lengths, budget):
    """Lists of neighbours by length: rows × longest row is within the budget."""
    batches, batch = [], []
    for sequence in sorted(range(len(lengths)), key=lengths.__getitem__):
        if batch and (len(batch) + 1) * lengths[sequence] > budget:
            batches.append(batch)
            batch = []
        batch.append(sequence)
    return batches + [batch]


def main():
    model, threads, budget, warm_up, steps = sys.argv[1], *map(int, sys.argv[2:6])
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    lengths, labels, values = (tensor(path, kind) for path, kind in zip(sys.argv[6:], (torch.int32, torch.int32, torch.uint8)))
    sequences = torch.split(values, lengths.tolist())
    batches = sorted_batches(lengths.tolist(), budget)
    random.Random(0).shuffle(batches)
    network = Network([1], True) if model == "reference" else Network([1, 2, 4, 8, 16, 32], False)
    optimizer = torch.optim.AdamW(network.parameters(), 1e-3, weight_decay=0, fused=True)
    tokens = 0
    for step in range(warm_up + steps):
        if step == warm_up:
            started, tokens = time.perf_counter(), 0
        batch = batches[step % len(batches)]
        padded = pad_sequence([sequences[sequence] for sequence in batch], batch_first=True)
        optimizer.zero_grad()
        loss = functional.cross_entropy(network(padded.float().unsqueeze(1)), labels[batch].long())
        loss.backward()
        optimizer.step()
        loss.item()
        tokens += sum(len(sequences[sequence]) for sequence in batch)
    seconds = time.perf_counter() - started
    print(json.dumps({"tokensPerSecond": tokens / seconds, "version": torch.__version__}))


main()
