"""Computes with aeon's MiniRocket what test/parity/rocket.test.ts compares with.

    python3 -m venv ~/rocket-venv && ~/rocket-venv/bin/pip install aeon==1.6.0
    ~/rocket-venv/bin/python test/parity/make-rocket.py            # writes ../fixture/parity/rocket.json
    ~/rocket-venv/bin/python test/parity/make-rocket.py --check    # compares with it instead

All values are multiples of 1/64, so that every convolution is exact and the order of its sums does not matter.
"""
import json
import sys
from pathlib import Path

import numpy as np
from aeon.transformations.collection.convolution_based import MiniRocket
from aeon.transformations.collection.convolution_based import _minirocket as published

TARGET = Path(__file__).parent.parent / "fixture" / "parity" / "rocket.json"
SIZES = [(9, 500), (24, 84), (150, 10_000), (720, 10_000), (1_460, 10_000), (1_460, 2_000)]


def dilations(length, features):
    found, counts = published._fit_dilations(length, features, 32)
    return dict(length=length, features=features, dilations=found.tolist(), counts=counts.tolist())


def transform(rng, channels, length, features):
    x = np.round(64 * rng.normal(size=(4, channels, length))) / 64
    model = MiniRocket(n_kernels=features, random_state=1)
    values = model.fit_transform(x.astype(np.float32))
    counts, indices, found, per_dilation, biases = model.parameters
    return dict(values=x.tolist(), channelCounts=counts.tolist(), channelIndices=indices.tolist(),
                dilations=found.tolist(), features=per_dilation.tolist(),
                biases=biases.astype(float).tolist(), expected=values.astype(float).tolist())


def fixtures():
    rng = np.random.default_rng(1)
    return dict(kernels=MiniRocket._indices.tolist(), dilations=[dilations(*one) for one in SIZES],
                quantiles=published._quantiles(100).astype(float).tolist(),
                transforms=[transform(rng, 1, 37, 252), transform(rng, 3, 41, 168)])


def flat(value):
    parts = value.values() if isinstance(value, dict) else value
    return [value] if not isinstance(value, (dict, list)) else [n for part in parts for n in flat(part)]


if __name__ == "__main__":
    made = fixtures()
    if "--check" in sys.argv:
        np.testing.assert_allclose(flat(made), flat(json.loads(TARGET.read_text())), atol=1e-6)
    else:
        TARGET.write_text(json.dumps(made, separators=(",", ":")) + "\n")
