import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { encodeSafetensors, floatTensor } from '../../../../src/checkpoint/safetensors.ts';
import { verifyCheckpoint } from '../../../../src/checkpoint/store.ts';
import type { RunConfig } from '../../../../src/config/run-config.ts';
import type { TrainState } from '../../../../src/engine/engine.ts';
import { initialState } from '../../../../src/nn/initial-state.ts';
import { defineRun, type RunDefinition } from '../../../../src/run/definition.ts';
import { findStart } from '../../../../src/worker/training/restoring.ts';
import { writeCheckpoint, writePhaseResult } from '../../../../src/worker/training/saving.ts';
import { FINGERPRINT, vectorOf } from '../../checkpoint/sample.ts';
import { temporaryFolder } from '../../data/sample-store.ts';
import { tinyRun, tinyStore } from '../tiny-run.ts';

/** `pretrain`, `finetune` from it, then `again` from the pretraining once more, then `scratch`. */
function fourPhases(): RunConfig {
  const config = tinyRun();
  const [, finetune] = config.phases;
  const again = { ...finetune!, name: 'again', start: { phase: 'pretrain' } };
  return {
    ...config,
    phases: [...config.phases, again, { ...finetune!, name: 'scratch', start: 'fresh' }],
  };
}

const twoPhaseRun = defineRun(tinyRun(), tinyStore());
const pretrainSteps = twoPhaseRun.schedule.phases[0]!.steps;

function stateOf(run: RunDefinition, phase: number, seed: number): TrainState {
  const { momentCount } = run.phases[phase]!.program.update;
  const { parameterCount, statisticCount } = run.layout;
  return {
    parameters: vectorOf(parameterCount, seed),
    statistics: vectorOf(statisticCount, seed + 1),
    moments: Array.from({ length: momentCount }, (_, i) => vectorOf(parameterCount, seed + 2 + i)),
  };
}

describe('findStart()', () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let place: { runFolder: string; fingerprint: typeof FINGERPRINT };
  beforeEach(() => {
    folder = temporaryFolder();
    place = { runFolder: folder.path, fingerprint: FINGERPRINT };
  });
  afterEach(() => folder.release());

  const resume = async (run: RunDefinition) => await findStart(run, place, { resume: true });
  const checkpointAt = async (run: RunDefinition, globalStep: number, seed = globalStep) => {
    const { phaseIndex } = run.schedule.at(globalStep - 1);
    const state = stateOf(run, phaseIndex, seed);
    return {
      state,
      path: await writeCheckpoint(run, place, {
        globalStep,
        skippedSteps: 4,
        state,
        best: undefined,
      }),
    };
  };
  const pretrainEndsWith = async (run: RunDefinition, seed: number) => {
    const { parameters, statistics } = stateOf(run, 0, seed);
    const weights = { parameters, statistics };
    await writePhaseResult(run, place, { globalStep: pretrainSteps, weights, best: undefined });
    return weights;
  };
  const resultOf = (start: Awaited<ReturnType<typeof resume>>, phase: string) => {
    const result = start.results.get(phase);
    return result && { parameters: result.parameters, statistics: result.statistics };
  };

  it('of a new run: step 0, random weights of the seed, nothing that has ended', async () => {
    const start = await findStart(twoPhaseRun, place, { resume: false });
    assert.equal(start.globalStep, 0);
    assert.deepEqual(
      start.state,
      initialState(twoPhaseRun.model, twoPhaseRun.layout, { seed: 5, momentCount: 2 }),
    );
    assert.deepEqual([start.best, start.results.size, start.warnings], [undefined, 0, []]);
  });

  it('in the middle of the first phase: the state that was saved, with its moments', async () => {
    const { state } = await checkpointAt(twoPhaseRun, 1);
    const start = await resume(twoPhaseRun);
    assert.equal(start.globalStep, 1);
    assert.deepEqual(start.state, state);
    assert.deepEqual([start.best, start.results.size, start.warnings], [undefined, 0, []]);
  });

  it('exactly at the end of a phase: its last state, and the result that the next one starts from', async () => {
    const { state } = await checkpointAt(twoPhaseRun, pretrainSteps);
    const weights = await pretrainEndsWith(twoPhaseRun, 77);
    const start = await resume(twoPhaseRun);
    assert.equal(start.globalStep, pretrainSteps);
    assert.deepEqual(start.state, state);
    assert.deepEqual(resultOf(start, 'pretrain'), weights);
  });

  it('in a later phase: results only where a phase is still to start from them', async () => {
    await pretrainEndsWith(twoPhaseRun, 77);
    await checkpointAt(twoPhaseRun, pretrainSteps + 2);
    assert.deepEqual([...(await resume(twoPhaseRun)).results.keys()], []);
  });

  it('in a later phase: results that a phase named further on starts from', async () => {
    const run = defineRun(fourPhases(), tinyStore());
    const weights = await pretrainEndsWith(run, 78);
    await checkpointAt(run, pretrainSteps + 2);
    const start = await resume(run);
    assert.deepEqual([...start.results.keys()], ['pretrain']);
    assert.deepEqual(resultOf(start, 'pretrain'), weights);
  });

  it('refuses to go on where a result that is needed is gone', async () => {
    await checkpointAt(twoPhaseRun, pretrainSteps);
    await assert.rejects(resume(twoPhaseRun), {
      code: 'CHECKPOINT_NOT_FOUND',
      message: `Phase "finetune" is to start from "${folder.path}/phases/pretrain", which is gone.`,
    });
  });

  it('needs no result of a phase that is over and that nothing starts from any more', async () => {
    await checkpointAt(twoPhaseRun, pretrainSteps + 1);
    assert.equal((await resume(twoPhaseRun)).globalStep, pretrainSteps + 1);
  });

  it('passes a damaged checkpoint over, says so, and takes no result from after the one before', async () => {
    await checkpointAt(twoPhaseRun, 1);
    await pretrainEndsWith(twoPhaseRun, 77);
    const { path } = await checkpointAt(twoPhaseRun, pretrainSteps);
    const file = join(path, 'model.safetensors');
    const bytes = readFileSync(file);
    bytes[bytes.length - 1]! ^= 1;
    writeFileSync(file, bytes);
    const start = await resume(twoPhaseRun);
    assert.deepEqual([start.globalStep, start.results.size], [1, 0]);
    assert.equal(start.warnings.length, 1);
    assert.ok(start.warnings[0]!.startsWith(`Passed over ${path}: `), start.warnings[0]);
  });

  it('brings back the best weights so far, with their metric', async () => {
    const { parameters, statistics } = stateOf(twoPhaseRun, 1, 50);
    const best = {
      metric: { name: 'accuracy', value: 0.75 },
      stepInPhase: 3,
      weights: { parameters, statistics },
    };
    const globalStep = pretrainSteps + 3;
    await writeCheckpoint(twoPhaseRun, place, {
      globalStep,
      skippedSteps: 0,
      state: stateOf(twoPhaseRun, 1, 51),
      best,
    });
    assert.deepEqual((await resume(twoPhaseRun)).best, best);
  });

  it('brings back how many steps in a row were skipped', async () => {
    assert.equal((await findStart(twoPhaseRun, place, { resume: false })).skippedSteps, 0);
    await checkpointAt(twoPhaseRun, 1);
    assert.equal((await resume(twoPhaseRun)).skippedSteps, 4);
  });

  it('says that bits are no longer promised under other numerics', async () => {
    await checkpointAt(twoPhaseRun, 1);
    const elsewhere = { ...place, fingerprint: { ...FINGERPRINT, instructionSet: 'avx512f' } };
    const { warnings } = await findStart(twoPhaseRun, elsewhere, { resume: true });
    assert.deepEqual(warnings, [
      'Equal bits are no longer promised: the checkpoint differs in the CPU\'s instruction set ("avx2" there, "avx512f" here).',
    ]);
  });

  it('refuses another seed', async () => {
    await checkpointAt(twoPhaseRun, 1);
    await assert.rejects(resume(defineRun(tinyRun('seed=6'), tinyStore())), {
      code: 'CHECKPOINT_MISMATCH',
      message: /seed was 5, here it is 6\.$/,
    });
  });

  describe('with model.initialWeights', () => {
    let file: string;
    let run: RunDefinition;
    beforeEach(() => {
      file = join(folder.path, 'given', 'weights.safetensors');
      mkdirSync(join(folder.path, 'given'));
      const config = fourPhases();
      run = defineRun({ ...config, model: { ...config.model, initialWeights: file } }, tinyStore());
    });
    const give = (except: (name: string) => boolean, extra: readonly string[] = []) => {
      const slots = [...run.layout.parameters, ...run.layout.statistics];
      const tensors = slots
        .filter(({ name }) => !except(name))
        .map(({ name, shape, size }) => floatTensor(name, shape, new Float32Array(size).fill(9)));
      const others = extra.map((name) => floatTensor(name, [1], Float32Array.of(1)));
      writeFileSync(file, Buffer.concat(encodeSafetensors([...tensors, ...others])));
    };

    it('starts from them, silently where they have every tensor', async () => {
      give(() => false);
      const start = await findStart(run, place, { resume: false });
      assert.ok(start.state.parameters.every((value) => value === 9));
      assert.ok(start.state.statistics.every((value) => value === 9));
      assert.deepEqual(start.warnings, []);
    });

    it('keeps random values where they lack a tensor, and names those that only one side has', async () => {
      give((name) => name.startsWith('pretext.'), ['enc.weight']);
      const start = await findStart(run, place, { resume: false });
      const random = initialState(run.model, run.layout, { seed: 5, momentCount: 0 });
      for (const { name, offset, size } of run.layout.parameters) {
        const found = start.state.parameters.slice(offset, offset + size);
        const expected = name.startsWith('pretext.')
          ? random.parameters.slice(offset, offset + size)
          : new Float32Array(size).fill(9);
        assert.deepEqual(found, expected, name);
      }
      assert.deepEqual(start.warnings, [
        `Initial weights "${file}": It lacks pretext.weight, pretext.bias: they stay as they begin.`,
        `Initial weights "${file}": The model has no enc.weight: they are not used.`,
      ]);
    });

    it('reads them again for a fresh phase that is still to begin, not after that', async () => {
      give(() => false);
      await pretrainEndsWith(run, 77);
      const scratch = run.schedule.firstSteps[3]!;
      await checkpointAt(run, scratch);
      assert.ok((await resume(run)).initialWeights!.parameters.every((value) => value === 9));
      await checkpointAt(run, scratch + 1);
      rmSync(file);
      assert.equal((await resume(run)).initialWeights, undefined);
    });

    it('refuses a file that is absent', async () => {
      await assert.rejects(findStart(run, place, { resume: false }), {
        code: 'CHECKPOINT_NOT_FOUND',
      });
    });
  });
});

describe("a checkpoint's cursor", () => {
  it('is where the plan of its phase goes on', async () => {
    const { path: runFolder, release } = temporaryFolder();
    try {
      const { stepsPerEpoch } = twoPhaseRun.phases[0]!.plan;
      assert.ok(stepsPerEpoch > 1 && pretrainSteps === 2 * stepsPerEpoch);
      const place = { runFolder, fingerprint: FINGERPRINT };
      const cursorAt = async (globalStep: number) => {
        const { phaseIndex } = twoPhaseRun.schedule.at(Math.max(0, globalStep - 1));
        const progress = {
          globalStep,
          skippedSteps: 0,
          state: stateOf(twoPhaseRun, phaseIndex, 1),
          best: undefined,
        };
        const path = await writeCheckpoint(twoPhaseRun, place, progress);
        const { manifest } = await verifyCheckpoint(path);
        return [manifest.phase.name, manifest.phase.stepInPhase, manifest.cursor];
      };
      const cursor = (epoch: number, stepInEpoch: number) => ({ epoch, stepInEpoch });
      assert.deepEqual(await cursorAt(0), ['pretrain', 0, cursor(0, 0)]);
      assert.deepEqual(await cursorAt(1), ['pretrain', 1, cursor(0, 1)]);
      assert.deepEqual(await cursorAt(stepsPerEpoch), ['pretrain', stepsPerEpoch, cursor(1, 0)]);
      assert.deepEqual(await cursorAt(pretrainSteps), ['pretrain', pretrainSteps, cursor(2, 0)]);
      assert.deepEqual(await cursorAt(pretrainSteps + 1), ['finetune', 1, cursor(0, 1)]);
    } finally {
      release();
    }
  });
});
