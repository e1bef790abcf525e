import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { Progress } from '../../../../src/checkpoint/progress.ts';
import { encodeSafetensors, floatTensor } from '../../../../src/checkpoint/safetensors.ts';
import { verifyCheckpoint } from '../../../../src/checkpoint/store.ts';
import type { RunConfig } from '../../../../src/config/run-config.ts';
import type { TrainState } from '../../../../src/engine/engine.ts';
import { initialState } from '../../../../src/nn/initial-state.ts';
import { defineRun, type RunDefinition } from '../../../../src/run/definition.ts';
import { findStart } from '../../../../src/worker/training/restoring.ts';
import { writeCheckpoint } from '../../../../src/worker/training/saving.ts';
import { FINGERPRINT, progressAt, vectorOf } from '../../checkpoint/sample.ts';
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

const store = {
  read: () => Promise.reject(new Error('a model that fits nothing reads no sequence')),
};
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

function weightsOf(run: RunDefinition, seed: number) {
  const { parameters, statistics } = stateOf(run, 0, seed);
  return { parameters, statistics };
}

describe('findStart()', () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let target: { runFolder: string; fingerprint: typeof FINGERPRINT };
  beforeEach(() => {
    folder = temporaryFolder();
    target = { runFolder: folder.path, fingerprint: FINGERPRINT };
  });
  afterEach(() => folder.release());

  const resume = async (run: RunDefinition) =>
    await findStart(run, store, target, { resume: true });
  /** The checkpoint after `globalStep` steps of a run whose phases all ended with these weights. */
  const checkpointAt = async (
    run: RunDefinition,
    globalStep: number,
    changes: Partial<Progress> = {},
  ) => {
    const { phaseIndex } = run.schedule.at(globalStep - 1);
    const progress = progressAt(globalStep, { state: stateOf(run, phaseIndex, 1), ...changes });
    return { progress, path: await writeCheckpoint(run, target, progress) };
  };

  it('of a new run: step 0, random weights of the seed, nothing that has ended', async () => {
    const { progress, warnings } = await findStart(twoPhaseRun, store, target, { resume: false });
    const state = initialState(twoPhaseRun.parameters, twoPhaseRun.layout, {
      seed: 5,
      momentCount: 2,
    });
    assert.deepEqual(progress, progressAt(0, { state }));
    assert.deepEqual(warnings, []);
  });

  it('in a phase: everything that was saved, with nothing left to finish', async () => {
    const weights = weightsOf(twoPhaseRun, 77);
    const { progress: saved } = await checkpointAt(twoPhaseRun, pretrainSteps, {
      skippedSteps: 4,
      unfinished: true,
      best: { metric: { name: 'accuracy', value: 0.75 }, stepInPhase: 3, weights },
      results: new Map([['pretrain', weights]]),
    });
    const { progress, warnings } = await resume(twoPhaseRun);
    assert.deepEqual(progress, { ...saved, unfinished: false });
    assert.deepEqual(warnings, []);
  });

  it('passes a damaged checkpoint over, says so, and takes the one before', async () => {
    await checkpointAt(twoPhaseRun, 1);
    const { path } = await checkpointAt(twoPhaseRun, pretrainSteps);
    const file = join(path, 'model.safetensors');
    const bytes = readFileSync(file);
    bytes[bytes.length - 1]! ^= 1;
    writeFileSync(file, bytes);
    const { progress, warnings } = await resume(twoPhaseRun);
    assert.equal(progress.globalStep, 1);
    assert.equal(warnings.length, 1);
    assert.ok(warnings[0]!.startsWith(`Passed over ${path}: `), warnings[0]);
  });

  it('says that bits are no longer promised under other numerics', async () => {
    await checkpointAt(twoPhaseRun, 1);
    const elsewhere = { ...target, fingerprint: { ...FINGERPRINT, instructionSet: 'avx512f' } };
    const { warnings } = await findStart(twoPhaseRun, store, elsewhere, { resume: true });
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
      const start = await findStart(run, store, target, { resume: false });
      assert.ok(start.progress.state.parameters.every((value) => value === 9));
      assert.ok(start.progress.state.statistics.every((value) => value === 9));
      assert.deepEqual(start.warnings, []);
    });

    it('keeps random values where they lack a tensor, and names those that only one side has', async () => {
      give((name) => name.startsWith('pretext.'), ['enc.weight']);
      const start = await findStart(run, store, target, { resume: false });
      const random = initialState(run.parameters, run.layout, { seed: 5, momentCount: 0 });
      for (const { name, offset, size } of run.layout.parameters) {
        const found = start.progress.state.parameters.slice(offset, offset + size);
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

    it('keeps them for a fresh phase that is still to begin, so that the file may go', async () => {
      give(() => false);
      const { progress } = await findStart(run, store, target, { resume: false });
      await checkpointAt(run, 1, { initialWeights: progress.initialWeights });
      rmSync(file);
      const resumed = await resume(run);
      assert.ok(resumed.progress.initialWeights!.parameters.every((value) => value === 9));
    });

    it('refuses a file that is absent', async () => {
      await assert.rejects(findStart(run, store, target, { resume: false }), {
        code: 'CHECKPOINT_NOT_FOUND',
      });
    });
  });
});

describe("a checkpoint's phase", () => {
  it('is that of the last step done', async () => {
    const { path: runFolder, release } = temporaryFolder();
    try {
      const phaseAt = async (globalStep: number) => {
        const { phaseIndex } = twoPhaseRun.schedule.at(Math.max(0, globalStep - 1));
        const progress = progressAt(globalStep, { state: stateOf(twoPhaseRun, phaseIndex, 1) });
        const target = { runFolder, fingerprint: FINGERPRINT };
        const { manifest } = await verifyCheckpoint(
          await writeCheckpoint(twoPhaseRun, target, progress),
        );
        return [manifest.phase.name, manifest.phase.stepInPhase];
      };
      assert.deepEqual(await phaseAt(0), ['pretrain', 0]);
      assert.deepEqual(await phaseAt(1), ['pretrain', 1]);
      assert.deepEqual(await phaseAt(pretrainSteps), ['pretrain', pretrainSteps]);
      assert.deepEqual(await phaseAt(pretrainSteps + 1), ['finetune', 1]);
    } finally {
      release();
    }
  });
});
