import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { DataSize } from '../../../src/study/cost.ts';
import { type Candidate, candidatesOf } from '../../../src/study/grid.ts';
import {
  nextStage,
  type Planning,
  type Stage,
  secondsOf,
  stageCells,
  stepsOf,
  TRIAL_SHARE,
} from '../../../src/study/halving.ts';
import { loadStudyConfig } from '../../../src/study/load-study.ts';

const template = loadStudyConfig('configs/study-numbers.yaml');
const [dataset] = template.datasets as [(typeof template.datasets)[number]];
const candidates = candidatesOf(dataset);
const size: DataSize = {
  classes: 3,
  trainingSequences: 700,
  testSequences: 240,
  testTokens: 240_000,
  meanTokens: (crop = 1000) => Math.min(1000, crop),
};
const start = (minutes: number): Planning => ({
  ...{ grid: template, size, workers: 2, secondsLeft: 60 * minutes, stages: [], tried: [] },
});

/** So few candidates that all could go into the final at once. */
const smallGrid: typeof template = {
  ...template,
  datasets: [
    { ...dataset, networks: Object.fromEntries(Object.entries(dataset.networks).slice(-1)) },
  ],
};

/** After a stage whose runs took so many seconds each; the later a candidate is named, the better it does. */
function after(planning: Planning, stage: Stage, seconds: number): Planning {
  const cells = stageCells(planning, stage);
  const tried = cells.map((cell, at) => ({
    cell,
    result: { key: cell.key, seconds, score: at / cells.length, pretexts: [] },
  }));
  return {
    ...planning,
    stages: [...planning.stages, stage],
    tried: [...planning.tried, ...(stage.kind === 'trial' ? tried : [])],
    secondsLeft: planning.secondsLeft - (seconds * cells.length) / planning.workers,
  };
}

/** All stages, if each run takes so many seconds. */
function stagesOf(minutes: number, seconds: number): Stage[] {
  let planning = start(minutes);
  for (;;) {
    const stage = nextStage(planning);
    if (stage === undefined) return [...planning.stages];
    planning = after(planning, stage, seconds);
  }
}
/** Steps of pretraining, as a multiple of the template's. */
const steps = ({ networks }: Stage) => {
  const [name, network] = Object.entries(networks)[0]!;
  return stepsOf(network) / stepsOf(dataset.networks[name]!);
};

describe('successive halving', () => {
  it('tries all, then the better half for longer, then trains the best to the end', () => {
    const [first, second, last, ...more] = stagesOf(60, 40);
    assert.deepEqual(more, []);
    assert.deepEqual(
      [first, second, last].map((stage) => [stage!.kind, stage!.number, stage!.candidates.length]),
      [
        ['trial', 1, candidates.length],
        ['trial', 2, Math.ceil(candidates.length / 2)],
        ['final', 3, 3],
      ],
    );
    const names = (all: readonly Candidate[]) =>
      all.map(({ network, recipe }) => `${network} ${recipe}`).sort();
    assert.deepEqual(names(first!.candidates), names(candidates));
    assert.ok(steps(second!) > steps(first!) && steps(last!) >= steps(second!));
  });

  it('gives each trial one repeat with labels of its own, and reads no test split', () => {
    const [first, second] = stagesOf(60, 40);
    const drawsOf = (stage: Stage) =>
      stageCells(start(60), stage).flatMap(({ config: { phases } }) =>
        phases
          .filter(({ objective }) => objective.kind === 'supervised')
          .map(({ data }) => data.draw),
      );
    assert.deepEqual(new Set(drawsOf(first!)), new Set([0]));
    assert.deepEqual(new Set(drawsOf(second!)), new Set([1]));
    const splits = stageCells(start(60), first!).flatMap(({ config: { phases } }) =>
      phases.flatMap(({ data, evaluation }) => [data.split, evaluation?.data.split]),
    );
    assert.deepEqual([...new Set(splits)].sort(), ['train', 'validation']);
  });

  it('trains scratch beside what it trains to the end, and something pretrained', () => {
    const planning = start(60);
    const trial = { ...stagesOf(60, 40)[0]!, number: 2 };
    const scratchFirst = stageCells(planning, trial).map((cell) => ({
      cell,
      result: {
        ...{ key: cell.key, seconds: 40, pretexts: [] },
        score: cell.key.recipe === 'scratch' ? 1 : 0,
      },
    }));
    const late = { ...planning, stages: [trial], tried: scratchFirst };
    const last = nextStage(late)!;
    assert.equal(last.kind, 'final');
    const keys = stageCells(late, last).map(({ key }) => key);
    assert.ok(keys.some(({ recipe }) => recipe !== 'scratch'));
    for (const network of Object.keys(last.networks)) {
      assert.ok(keys.some((key) => key.network === network && key.recipe === 'scratch'));
    }
  });

  it('drops the first networks where time is short, and trains none in no time', () => {
    const networks = (minutes: number) =>
      Object.keys(nextStage(start(minutes))?.networks ?? {}).join(' ');
    assert.equal(networks(30), 'causal two-sided residual');
    const sizes = [30, 12, 8, 5, 3, 2, 1, 0.2].map((one) => networks(one).split(' ').length);
    assert.deepEqual(
      sizes,
      sizes.toSorted((a, b) => b - a),
    );
    assert.equal(nextStage(start(0.2)), undefined);
    assert.equal(nextStage({ ...start(1), secondsLeft: -10 }), undefined);
  });

  it('plans by how long the trials took', () => {
    const trained = (seconds: number) =>
      stagesOf(25, seconds)
        .filter(({ kind }) => kind === 'final')
        .flatMap((stage) => stageCells(start(25), stage))
        .flatMap(({ measured }) => measured).length;
    const [fast, slow, slowest] = [trained(15), trained(100), trained(300)];
    assert.ok(fast > slow && slow > 0, `${fast}, ${slow}`);
    assert.equal(slowest, 0, 'a machine so slow has no time for it');
  });

  it('never plans more than the time that is left', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.5, max: 120, noNaN: true }),
        fc.integer({ min: 5, max: 400 }),
        (minutes, seconds) => {
          let planning = start(minutes);
          for (;;) {
            const stage = nextStage(planning);
            if (stage === undefined) return;
            assert.ok(secondsOf(planning, stage) <= planning.secondsLeft);
            planning = after(planning, stage, seconds);
          }
        },
      ),
      { numRuns: 5 },
    );
  });

  it('keeps its time on a machine that is many times slower or faster, since it measures one first', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.4, max: 3, noNaN: true }),
        fc.double({ min: 0.2, max: 20, noNaN: true }),
        fc.boolean(),
        (minutes, slowness, isSmall) => {
          let planning = { ...start(minutes), ...(isSmall && { grid: smallGrid }) };
          let longestRun = 0;
          for (;;) {
            const stage = nextStage(planning);
            if (stage === undefined) break;
            if (planning.stages.length === 0) assert.equal(stage.kind, 'trial');
            // What it takes here, in multiples of what it takes where nobody has measured.
            const unmeasured = { ...planning, tried: [] };
            const cells = stage.kind === 'trial' ? stageCells(planning, stage) : [];
            const tried = cells.map((cell) => {
              const alone = { ...stage, candidates: [cell.key] };
              const seconds = slowness * secondsOf(unmeasured, alone);
              longestRun = Math.max(longestRun, seconds);
              return { cell, result: { key: cell.key, seconds, score: 0.5, pretexts: [] } };
            });
            // A trial begins no run after its share of the time.
            const whole = slowness * secondsOf(unmeasured, stage);
            const most = TRIAL_SHARE.most * planning.secondsLeft + longestRun;
            const took = stage.kind === 'trial' ? Math.min(whole, most) : whole;
            planning = {
              ...planning,
              stages: [...planning.stages, stage],
              tried: [...planning.tried, ...tried],
              secondsLeft: planning.secondsLeft - took,
            };
          }
          const most = 1.2 * 60 * minutes + longestRun;
          assert.ok(60 * minutes - planning.secondsLeft <= most);
        },
      ),
      { numRuns: 20 },
    );
  });
});
