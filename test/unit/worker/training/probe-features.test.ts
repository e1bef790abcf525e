import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { OwnSubtree } from '../../../../src/collective/exchange-round.ts';
import { addCanonical } from '../../../../src/core/canonical-sum.ts';
import { defineRun } from '../../../../src/run/definition.ts';
import { probeShare } from '../../../../src/run/load-order.ts';
import { probeFeatures } from '../../../../src/worker/training/probe-features.ts';
import { tinyRun, tinyStore } from '../tiny-run.ts';

const PROBE = 'phases.0.evaluation.probe={ neighbours: 1, data: { labelsPerClass: 3 } }';
const WIDTH = 4;
const SYMBOLS = 5;

describe('probeFeatures()', () => {
  const run = defineRun(tinyRun(PROBE), tinyStore());
  const probe = run.phases[0]!.probe!;
  const rows = probe.labels.length;

  /** One rank: its features tell the class, its values are all 1. */
  function probeOn(worldRank: { rank: number; worldSize: number }, sum: Float32Array) {
    let next = probeShare(run, worldRank, 0).share.begin;
    const loader = {
      next: async () => {
        const { rows } = probe.microBatches[next++]!;
        const lengths = new Int32Array(rows.length).fill(2);
        const values = { data: new Int32Array(2 * rows.length).fill(1) };
        const sequences = rows.map(({ sequence }) => sequence);
        return { rows: rows.length, paddedLength: 2, lengths, feeds: { values }, sequences };
      },
    };
    const forward = ({ sequences }: { sequences: number[] }) => ({
      data: Float32Array.from(sequences.flatMap((sequence) => [sequence % 2, 0, 0, 0])),
    });
    const allReduce = async ({ subtrees }: { subtrees: OwnSubtree[] }) => {
      for (const { vector } of subtrees) addCanonical(sum, sum, vector);
      return sum;
    };
    const seams = { session: { forward }, comm: { allReduce }, loader };
    return probeFeatures({ run, worldRank, globalStep: 0, ...seams } as never, 0);
  }

  for (const worldSize of [1, 2, 3, 7]) {
    it(`puts each row's numbers in their place, with ${worldSize} workers`, async () => {
      const sum = new Float32Array(rows * (WIDTH + SYMBOLS));
      for (let rank = 0; rank < worldSize; rank++) await probeOn({ rank, worldSize }, sum);
      for (const [row, label] of probe.labels.entries()) {
        assert.equal(sum[row * WIDTH], label);
        const counted = rows * WIDTH + row * SYMBOLS;
        assert.deepEqual([...sum.subarray(counted, counted + SYMBOLS)], [0, 1, 0, 0, 0]);
      }
    });
  }

  it('tells what the features are good for, beside what can be told without them', async () => {
    const sum = new Float32Array(rows * (WIDTH + SYMBOLS));
    assert.deepEqual(await probeOn({ rank: 0, worldSize: 1 }, sum), {
      metrics: { probe: 1 },
      baselines: { probe: { mostFrequent: 1, histogram: 0 } },
    });
  });

  it('knows as many labels of each class as it was told, and is asked about the evaluation', () => {
    assert.deepEqual([...probe.labels.subarray(0, probe.known)].sort(), [0, 0, 0, 1, 1, 1]);
    assert.equal(rows - probe.known, 6);
  });

  it('is refused where an objective has labels, or sequences have no class', () => {
    assert.throws(() => defineRun(tinyRun('phases.1.evaluation.probe={}'), tinyStore()), {
      code: 'CONFIG_INVALID',
      message: /^The probe of phase "finetune": .*"supervised" learns from labels/,
    });
    const { manifest, ...store } = tinyStore();
    const target = { kind: 'numbers' as const, numbers: [] };
    const other = { ...store, manifest: { ...manifest, target } };
    const ofNumbers = tinyRun(
      PROBE.replace('{ neighbours: 1, data: { labelsPerClass: 3 } }', '{}'),
    );
    assert.throws(() => defineRun(ofNumbers, other), {
      code: 'CONFIG_INVALID',
      message: /the dataset has numbers for each sequence/,
    });
  });
});
