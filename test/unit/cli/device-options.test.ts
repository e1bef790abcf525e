import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { loadRunConfig } from '../../../src/run/config.ts';
import { refuseTf32OnCpu } from '../../../src/workflow/train/resolve-config.ts';
import { fixtureConfig } from '../../helper/command-line.ts';

const CPU = { kind: 'cpu' } as const;
const GPU = { kind: 'gpu', id: '0' } as const;
const configWith = (tf32: boolean) =>
  loadRunConfig(fixtureConfig('two-phases.yaml'), [`engine.tf32=${tf32}`]);

describe('a run in TF32', () => {
  it('is refused where any worker is on a CPU', () => {
    const expected = { code: 'CONFIG_INVALID', message: /the workers run on CPUs/ };
    assert.throws(() => refuseTf32OnCpu(configWith(true), [GPU, CPU]), expected);
  });

  it('begins on GPUs, and one without it anywhere', () => {
    refuseTf32OnCpu(configWith(true), [GPU, GPU]);
    refuseTf32OnCpu(configWith(false), [CPU]);
  });
});
