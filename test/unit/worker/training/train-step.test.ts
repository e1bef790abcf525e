import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { OwnSubtree } from '../../../../src/collective/exchange-round.ts';
import { addCanonical } from '../../../../src/core/canonical-sum.ts';
import type { ApplyInput, MicroBatch } from '../../../../src/engine/engine.ts';
import { defineRun } from '../../../../src/run/definition.ts';
import type { LoadRequest } from '../../../../src/run/loader/load-request.ts';
import { FiniteGuard } from '../../../../src/worker/training/finite-guard.ts';
import { StepMeter } from '../../../../src/worker/training/step-meter.ts';
import { type StepParts, trainStep } from '../../../../src/worker/training/train-step.ts';
import { tinyRun, tinyStore } from '../tiny-run.ts';

const run = defineRun(tinyRun(), tinyStore());
const { program } = run.phases[0]!;
const ALONE = { rank: 0, worldSize: 1 };
const STEP = 1;

/** Parts whose leaves hold 2 ** micro-batch everywhere, and what they were asked for. */
function parts(leafOf = (k: number) => 2 ** k) {
  const asked: LoadRequest[] = [];
  const offered: OwnSubtree[] = [];
  const applied: ApplyInput[] = [];
  const made: StepParts = {
    loader: {
      next: async (request) => {
        asked.push(request);
        const lengths = Int32Array.of(3, 4);
        return { rows: 2, paddedLength: 4, lengths, sequences: Int32Array.of(8) } as never;
      },
    },
    session: {
      gradients: () => new Float32Array(program.leaf.size).fill(leafOf(asked.length - 1)),
      merge: (left, right) => {
        const sum = new Float32Array(left.length);
        addCanonical(sum, left, right);
        return sum;
      },
      apply: (input) => void applied.push(input),
    },
    comm: {
      checkMembership: () => {},
      offer: (_, subtree) => void offered.push(subtree),
      // One worker: its whole share is one tree.
      allReduce: async ({ subtrees }) => subtrees[0]!.vector,
    },
  };
  return { parts: made, asked, offered, applied };
}

describe('trainStep()', () => {
  it('computes every micro-batch of its share in order, adds the leaves and applies the total', async () => {
    const { parts: given, asked, applied } = parts();
    const total = await trainStep(run, ALONE, STEP, given);
    const microBatches = run.phases[0]!.plan.stepAt(STEP).microBatches.length;
    const at = { kind: 'training', phase: 0, stepInPhase: STEP };
    assert.deepEqual(
      asked,
      Array.from({ length: microBatches }, (_, microBatch) => ({ ...at, microBatch })),
    );
    assert.equal(total[0], 2 ** microBatches - 1);
    assert.deepEqual(applied, [
      { total, learningRate: 0.01, step: STEP + 1, statisticsMomentum: 0.1 },
    ]);
  });

  it('offers finished subtrees while it computes, but not the last one', async () => {
    const { parts: given, offered } = parts();
    await trainStep(run, { rank: 0, worldSize: 2 }, STEP, given);
    for (const { vector } of offered) assert.equal(vector.length, program.leaf.size);
    const { share } = { share: run.phases[0]!.plan.stepAt(STEP).microBatches.length };
    assert.ok(offered.length < share);
  });
});

describe('FiniteGuard', () => {
  const guarded = (leafOf: (k: number) => number, stops: boolean) => {
    const bare = parts(leafOf);
    const session = { inspect: (_: MicroBatch) => [] };
    const options = { program, session, rank: 0, globalStep: STEP, stops };
    const guard = new FiniteGuard(bare.parts, options);
    return { ...bare, guard, done: trainStep(run, ALONE, STEP, guard.parts) };
  };
  const nanAt = (spoilt: number) => (k: number) => (k === spoilt ? Number.NaN : 1);

  it('lets a finite step pass', async () => {
    const { guard, done, applied } = guarded(() => 1, true);
    await done;
    assert.deepEqual([guard.isSkipped, guard.spoilt, applied.length], [false, [], 1]);
  });

  it('skips the update of a total that is not finite, and names the micro-batch', async () => {
    const { guard, done, applied } = guarded(nanAt(1), false);
    await done;
    assert.deepEqual([guard.isSkipped, applied.length], [true, 0]);
    assert.deepEqual(
      guard.spoilt.map(({ microBatch }) => microBatch),
      [1],
    );
  });

  it('ends the run before the sum where it is to stop', async () => {
    const { done, asked } = guarded(nanAt(0), true);
    await assert.rejects(done, { code: 'NON_FINITE', message: /micro-batch 0 \(sequences 8\)/ });
    assert.equal(asked.length, 1);
  });

  it('ends the run by a sum that overflows, too', async () => {
    const { done } = guarded(() => 3e38, true);
    await assert.rejects(done, { code: 'NON_FINITE', message: /finite in every micro-batch/ });
  });
});

describe('StepMeter', () => {
  it('counts valid and padded positions', async () => {
    const meter = new StepMeter(parts().parts);
    await trainStep(run, ALONE, STEP, meter.parts);
    const microBatches = run.phases[0]!.plan.stepAt(STEP).microBatches.length;
    assert.deepEqual([meter.tokens, meter.positions], [7 * microBatches, 8 * microBatches]);
  });
});
