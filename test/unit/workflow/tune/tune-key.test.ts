import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { NumericsFingerprint } from '../../../../src/engine/engine.ts';
import { loadRunConfig } from '../../../../src/run/config.ts';
import type { RunDefinition } from '../../../../src/run/definition.ts';
import { tuneKeyOf } from '../../../../src/workflow/tune/tune-key.ts';
import { shapeClassOf, tunedBatches } from '../../../../src/workflow/tune/tuned-batches.ts';
import { fixtureConfig } from '../../../helper/command-line.ts';

/** Two phases of one micro-batch a step, with these rows and padded lengths in turn. */
function runOf(phases: readonly { steps: number; shapes: readonly [number, number][] }[]) {
  return {
    phases: phases.map(({ shapes }) => ({
      plan: {
        stepsPerEpoch: shapes.length,
        stepAt: (step: number) => {
          const [rows, paddedLength] = shapes[step]!;
          return { microBatches: [{ rows: new Array<number>(rows), paddedLength }] };
        },
      },
    })),
    schedule: { phases: phases.map(({ steps }) => ({ steps })) },
  } as unknown as RunDefinition;
}
const shapesOf = (run: RunDefinition) =>
  tunedBatches(run).map(({ phase, rows, paddedLength }) => [phase, rows, paddedLength]);

describe('tunedBatches()', () => {
  it('are the shortest, a middle and the longest of the longest phase', () => {
    const long = {
      steps: 9,
      shapes: [
        [4, 300],
        [1, 4000],
        [2, 900],
        [8, 140],
        [2, 1100],
      ] as [number, number][],
    };
    const run = runOf([{ steps: 2, shapes: [[1, 50]] }, long]);
    assert.deepEqual(shapesOf(run), [
      [1, 8, 140],
      [1, 2, 900],
      [1, 1, 4000],
    ]);
  });

  it('has one of each class of shapes', () => {
    const run = runOf([
      {
        steps: 1,
        shapes: [
          [4, 600],
          [4, 700],
          [4, 800],
        ],
      },
    ]);
    assert.equal(shapesOf(run).length, 1);
  });
});

describe('shapeClassOf()', () => {
  it('is down to powers of two, with a border where formulations change', () => {
    const classes = [511, 512, 1023, 1024].map((paddedLength) =>
      shapeClassOf({ rows: 7, paddedLength }),
    );
    assert.deepEqual(classes, ['4×256', '4×512', '4×512', '4×1024']);
  });
});

describe('tuneKeyOf()', () => {
  const engine = { engine: 'tensorflow-compiled', engineVersion: '2' } as NumericsFingerprint;
  const here = { device: 'a CPU', lockstep: '1', engine };
  const batches = [{ phase: 0, step: 0, microBatch: 0, rows: 8, paddedLength: 600 }];
  const keyWith = (...changes: string[]) =>
    tuneKeyOf(loadRunConfig(fixtureConfig('two-phases.yaml'), changes), batches, here);

  it('does not mind what costs no time', () => {
    assert.deepEqual(keyWith('seed=9', 'model.maskValue=-7', 'model.initialWeights=a'), keyWith());
  });

  it('differs by model, threads and switches', () => {
    for (const change of ['model.channels=24', 'engine.threadsPerWorker=2', 'engine.tf32=true']) {
      assert.notDeepEqual(keyWith(change), keyWith());
    }
  });
});
