/** The models against PyTorch's own numbers: logits, loss, gradients, running statistics, weights. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Slot } from '../../src/engine/engine.ts';
import { testEngine } from '../helper/engine.ts';
import { assertClose } from './close.ts';
import { MODEL_FIXTURES, type ModelFixtureName } from './fixture.ts';
import { gather, type Replay, replay, trainingLogits } from './replay.ts';

const TOLERANCE = 1e-4;

for (const name of MODEL_FIXTURES) {
  describe(`fixture ${name}`, () => {
    it('has the logits, losses, gradients and running statistics of PyTorch, step by step', () => {
      const run = replay(name);
      run.fixture.settings.steps.forEach((_, step) => {
        checkLogits(run, step);
        checkStep(run, step);
      });
      checkEnd(run, name);
      run.session.dispose();
    });
  });
}

describe('a training step', () => {
  for (const name of ['reference-sgd', 'causal-next-step-classification'] as const) {
    it(`leaves no tensor behind (${name})`, () => {
      const run = replay(name);
      takeStep(run, 0);
      const before = testEngine.tensorCount();
      for (let repeat = 0; repeat < 3; repeat++) takeStep(run, 0);
      run.session.evaluate(run.microBatch(0, 0));
      if (run.program.outputs) run.session.forward(run.microBatch(0, 0));
      run.session.inspect(run.microBatch(0, 0));
      run.session.read();
      assert.equal(testEngine.tensorCount(), before);
      run.session.dispose();
    });

    it(`frees everything with its session (${name})`, () => {
      const before = testEngine.tensorCount();
      const run = replay(name);
      takeStep(run, 0);
      run.session.dispose();
      assert.equal(testEngine.tensorCount(), before);
    });
  }

  it('gives the same bits each time', () => {
    const run = replay('dilated-supervised');
    const batch = run.microBatch(0, 0);
    assert.deepEqual(run.session.gradients(batch), run.session.gradients(batch));
    run.session.dispose();
  });
});

function takeStep(run: Replay, step: number): Float32Array {
  const { fixture, session } = run;
  const total = fixture.settings.steps[step]!.microBatches.map((_, index) =>
    session.gradients(run.microBatch(step, index)),
  ).reduce((left, right) => session.merge(left, right));
  session.apply({
    total,
    learningRate: fixture.settings.optimizer?.learningRate ?? 0,
    step: step + 1,
    statisticsMomentum: fixture.settings.statisticsMomentum,
  });
  return total;
}

function checkLogits(run: Replay, step: number): void {
  run.fixture.settings.steps[step]!.microBatches.forEach((_, index) => {
    const key = `step.${step}/micro-batch.${index}/logits`;
    const { shape, data } = run.fixture.float(key);
    const stride = Math.ceil(data.length / 24);
    const positions = [...data.keys()].filter((position) => position % stride === 0);
    const actual = trainingLogits(run, run.microBatch(step, index), shape, positions);
    const expected = positions.map((position) => data[position]!);
    assertClose(actual, expected, TOLERANCE, key);
  });
}

function checkStep(run: Replay, step: number): void {
  const { fixture, program } = run;
  const { leaf, state } = program;
  const total = takeStep(run, step);
  const weight = total[leaf.sumOffset + 1]!;
  const expected = fixture.settings.steps[step]!;
  assertClose([total[leaf.sumOffset]! / weight], [expected.loss], TOLERANCE, `loss ${step}`);
  const gradient = total.subarray(0, state.parameterCount).map((value) => value / weight);
  for (const slot of state.parameters) {
    const key = `step.${step}/gradient/${slot.name}`;
    assertClose(part(gradient, slot), fixture.float(key).data, TOLERANCE, key);
  }
  const { statistics } = run.session.read();
  for (const slot of state.statistics) {
    const key = `step.${step}/statistics/${slot.name}`;
    assertClose(part(statistics, slot), fixture.float(key).data, TOLERANCE, key);
  }
}

function checkEnd({ fixture, session, program, microBatch }: Replay, name: ModelFixtureName): void {
  if (fixture.settings.optimizer !== null) {
    const { parameters, parameterCount } = program.state;
    const expected = gather(fixture, 'final', parameters, parameterCount);
    assertClose(session.read().parameters, expected, TOLERANCE, `${name}: final weights`);
  }
  if (!fixture.tensors.has('evaluation/logits')) return;
  const { shape, data } = session.forward(microBatch(0, 0));
  const expected = fixture.float('evaluation/logits');
  assert.deepEqual(shape, expected.shape);
  assertClose(data, expected.data, TOLERANCE, `${name}: evaluation logits`);
}

const part = (flat: Float32Array, { offset, size }: Slot) => flat.subarray(offset, offset + size);
