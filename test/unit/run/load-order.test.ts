import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { defineRun } from '../../../src/run/definition.ts';
import { evaluationShare, loadOrder } from '../../../src/run/load-order.ts';
import type { LoadRequest } from '../../../src/run/loader/load-request.ts';
import { tinyRun, tinyStore } from '../worker/tiny-run.ts';

const run = defineRun(tinyRun(), tinyStore());
const requestsOf = (worldSize: number, fromStep: number): LoadRequest[][] =>
  Array.from({ length: worldSize }, (_, rank) => [
    ...loadOrder(run, { rank, worldSize }, fromStep),
  ]);

describe('loadOrder()', () => {
  for (const worldSize of [1, 2, 3, 5]) {
    it(`shares each step's micro-batches out among ${worldSize} ranks, each exactly once`, () => {
      const ofRanks = requestsOf(worldSize, 0);
      for (let step = 0; step < run.schedule.totalSteps; step++) {
        const { phaseIndex, stepInPhase } = run.schedule.at(step);
        const shares = ofRanks.map((requests) =>
          requests.flatMap((request) =>
            request.kind === 'training' &&
            request.phase === phaseIndex &&
            request.stepInPhase === stepInPhase
              ? [request.microBatch]
              : [],
          ),
        );
        const count = run.phases[phaseIndex]!.plan.stepAt(stepInPhase).microBatches.length;
        assert.deepEqual(shares.flat(), [...Array(count).keys()], `step ${step}`);
      }
    });
  }

  it("shares an evaluation's micro-batches out in contiguous ranges, also among more ranks than there are", () => {
    for (const phase of [0, 1]) {
      const all = run.phases[phase]!.evaluation!.length;
      for (const worldSize of [1, 2, 3, 5, all + 2]) {
        const shares = Array.from({ length: worldSize }, (_, rank) =>
          evaluationShare(run, { rank, worldSize }, phase),
        );
        assert.ok(shares.every(({ microBatches }) => microBatches === all));
        const ends = shares.map(({ share }) => share.end);
        assert.deepEqual(
          shares.map(({ share }) => share.begin),
          [0, ...ends.slice(0, -1)],
        );
        assert.equal(ends.at(-1), all);
      }
    }
  });

  it('gives an evaluation that a phase does not have to nobody', () => {
    const phases = [{ ...run.phases[0]!, evaluation: undefined }];
    assert.deepEqual(evaluationShare({ phases }, { rank: 1, worldSize: 2 }, 0), {
      share: { begin: 0, end: 0 },
      microBatches: 0,
    });
  });

  it("asks for each evaluation's micro-batches once, after its step", () => {
    const kinds = requestsOf(1, 0)[0]!.map(({ kind }) => kind);
    const evaluations = run.phases[0]!.evaluation!.length + 2 * run.phases[1]!.evaluation!.length;
    assert.equal(kinds.filter((kind) => kind === 'evaluation').length, evaluations);
    assert.equal(kinds[0], 'training');
    assert.equal(kinds.at(-1), 'evaluation');
  });

  it("asks for a probe's micro-batches after the evaluation that it belongs to", () => {
    const probed = defineRun(tinyRun('phases.0.evaluation.probe={}'), tinyStore());
    const { evaluation, probe } = probed.phases[0]!;
    const requests = [...loadOrder(probed, { rank: 0, worldSize: 1 }, 0)];
    const first = requests.findIndex(({ kind }) => kind === 'probe');
    const kinds = (begin: number, end: number) =>
      new Set(requests.slice(begin, end).map(({ kind }) => kind));
    assert.deepEqual(kinds(first - evaluation!.length, first), new Set(['evaluation']));
    assert.deepEqual(kinds(first, first + probe!.microBatches.length), new Set(['probe']));
    assert.equal(requests[first + probe!.microBatches.length]!.phase, 1);
  });

  it('goes on from any step as if it had begun at the first', () => {
    for (const rank of [0, 1, 2]) {
      const all = [...loadOrder(run, { rank, worldSize: 3 }, 0)];
      for (let step = 0; step < run.schedule.totalSteps; step++) {
        const rest = [...loadOrder(run, { rank, worldSize: 3 }, step)];
        assert.deepEqual(rest, all.slice(all.length - rest.length));
      }
      assert.deepEqual([...loadOrder(run, { rank, worldSize: 3 }, run.schedule.totalSteps)], []);
    }
  });

  it('begins with the evaluation that is still due after the step before', () => {
    const step = [...Array(run.schedule.totalSteps).keys()].find(
      (at) => run.schedule.after(at).evaluate,
    )!;
    const worldRank = { rank: 1, worldSize: 2 };
    const order = [...loadOrder(run, worldRank, step + 1, true)];
    const { phaseIndex } = run.schedule.at(step);
    const { begin, end } = evaluationShare(run, worldRank, phaseIndex).share;
    assert.deepEqual(
      order.slice(0, end - begin).map((request) => [request.kind, request.phase]),
      Array(end - begin).fill(['evaluation', phaseIndex]),
    );
    assert.deepEqual(order.slice(end - begin), [...loadOrder(run, worldRank, step + 1)]);
  });
});
