import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { gpuCheckReport } from '../../../scripts/gpu/report.ts';
import { medianStep } from '../../../scripts/gpu/step-times.ts';

describe('gpu-check', () => {
  it('reports what passed, what failed and on which GPU', () => {
    const report = gpuCheckReport({
      gpus: [{ index: '0', name: 'NVIDIA T4' }],
      checks: [
        { name: 'same bits', passed: true, details: 'state abc four times', seconds: 61.2 },
        { name: 'a step', passed: false, details: 'first line\nsecond line', seconds: 2 },
      ],
      date: '2026-11-24',
    });
    assert.match(report, /\n- GPU 0: NVIDIA T4\n/);
    assert.match(report, /\n## Passed: same bits \(61 s\)\n\n {4}state abc four times\n/);
    assert.match(report, /\n## FAILED: a step \(2 s\)\n\n {4}first line\n {4}second line\n/);
  });

  it('says of a rehearsal that it says nothing about GPUs', () => {
    const report = gpuCheckReport({ gpus: [], checks: [], date: '2026-11-24' });
    assert.match(report, /A rehearsal on CPU workers: it says nothing about GPUs\./);
  });

  it('takes the median step after the warm-up', () => {
    const steps = Array.from({ length: 41 }, (_, i) => ({
      kind: 'step',
      tokensPerSecond: 1000 * i,
      timings: [{ computeMs: i }],
    }));
    const lines = [{ kind: 'evaluation' }, ...steps].map((line) => JSON.stringify(line));
    assert.equal(medianStep(`${lines.join('\n')}\n`), '25.0 ms compute, 25000 tokens/s');
  });

  it('stops in front of a machine without a GPU, before it sets anything up', () => {
    const folder = mkdtempSync(join(tmpdir(), 'lockstep-no-gpu-'));
    try {
      writeFileSync(join(folder, 'nvidia-smi'), '#!/bin/sh\nexit 9\n', { mode: 0o755 });
      const env = { ...process.env, PATH: `${folder}:${process.env.PATH}` };
      const { status, stderr } = spawnSync('scripts/gpu-check', { env, encoding: 'utf8' });
      assert.equal(status, 2);
      assert.equal(
        stderr,
        "gpu-check: nvidia-smi finds no GPU on this machine. Install NVIDIA's driver, or see --rehearse.\n",
      );
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
