/** A run that stops before a step and goes on ends as the run that never stopped. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { RunConfig } from '../../src/config/run-config.ts';
import { buildStore } from '../../src/importer/build/build-store.ts';
import { synthesize } from '../../src/importer/synthetic/synthesize.ts';
import { runPaths } from '../../src/run/folder.ts';
import type { CoordinatorEvent } from '../../src/telemetry/coordinator-event.ts';
import { openLocalComm } from '../../src/worker/comm/local-comm.ts';
import type { Comm } from '../../src/worker/comm.ts';
import { runWorker } from '../../src/worker/run-worker.ts';
import { damagedResults } from '../../src/workflow/train/damaged-results.ts';
import { completedReason, readPhaseEnds } from '../../src/workflow/train/stopped-phases.ts';
import { temporaryFolder } from '../unit/data/sample-store.ts';
import { tinyRun } from '../unit/worker/tiny-run.ts';

/** Pretraining, a fine-tuning that keeps its best, one more from those best weights, one from scratch. */
function fourPhases(store: string): RunConfig {
  const config = tinyRun(
    'phases.pretrain.duration={steps: 3}',
    'phases.finetune.duration={steps: 5}',
    'phases.finetune.evaluation.everySteps=2',
    // So high that it diverges and predicts one class: the first evaluation stays the best.
    'phases.finetune.learningRate.value=10',
    // So it ends after four of its steps, and the fifth is passed over.
    'phases.finetune.evaluation.stop={patience: 1}',
    'phases.pretrain.weightAverage={decay: 0.9}',
    'checkpoint.everySteps=1000',
  );
  const [pretrain, finetune] = config.phases;
  const short = { ...finetune!, duration: { steps: 2 } };
  const again = { ...short, name: 'again', start: { phase: 'finetune' } };
  const scratch = { ...short, name: 'scratch', start: 'fresh' as const };
  return { ...config, data: { store }, phases: [pretrain!, finetune!, again, scratch] };
}
const TOTAL_STEPS = 12;
/** Within each kind of phase, before and after a best evaluation, in an early end, and exactly at phases' ends. */
const STOPS = [1, 3, 6, 7, 8, 10];

describe('a run that is stopped and resumed', () => {
  const { path, release } = temporaryFolder();
  let config: RunConfig;
  let whole: { stateHash: string; told: string[] };

  before(async () => {
    const length = { minimum: 5, maximum: 40 };
    const records = synthesize({ count: 60, classes: 2, symbols: 5, length });
    await buildStore(records, { target: `${path}/data`, name: 'data', valueType: 'uint8' });
    config = fourPhases(`${path}/data`);
    whole = await run('whole', { resume: false });
  });
  after(release);

  /** Runs until the end, or until before a step. */
  async function run(name: string, { resume, stopAt }: { resume: boolean; stopAt?: number }) {
    const runFolder = `${path}/${name}`;
    mkdirSync(runFolder, { recursive: true });
    const told: string[] = [];
    const local = openLocalComm({
      onEvent: (event) => told.push(...metricsOf(event)),
      watchSignals: () => () => {},
    });
    const comm: Comm = Object.assign(
      Object.create(local, { aborted: { value: local.aborted } }) as Comm,
      {
        awaitLease: async (step: number) =>
          step === stopAt ? 'drain' : await local.awaitLease(step),
        join: () => local.join({ configHash: '', dataHash: '', fingerprint: '' }),
        ready: (info: Parameters<Comm['ready']>[0]) => local.ready(info),
        allReduce: (input: Parameters<Comm['allReduce']>[0]) => local.allReduce(input),
        stepDone: (report: Parameters<Comm['stepDone']>[0]) => local.stepDone(report),
        event: (payload: Parameters<Comm['event']>[0]) => local.event(payload),
        result: (payload: Parameters<Comm['result']>[0]) => local.result(payload),
        checkMembership: () => local.checkMembership(),
        finish: () => local.finish({ step: 0, stateHash: '', reason: 'completed' }),
      },
    );
    const warnings: string[] = [];
    try {
      const onWarning = (text: string) => warnings.push(text);
      const end = await runWorker({ config, comm, runFolder, resume, onWarning });
      assert.deepEqual(warnings, []);
      return { ...end, told };
    } finally {
      await local.close();
    }
  }

  it('has a best evaluation that is not the last, for the phase that starts from it', () => {
    const evaluations = whole.told
      .map((line) => JSON.parse(line) as Record<string, unknown>)
      .filter(({ kind, phase }) => kind === 'evaluation' && phase === 'finetune');
    assert.equal(evaluations.length, 2, 'the third one is passed over');
    assert.equal(evaluations.at(-1)!.better, false);
  });

  for (const stopAt of STOPS) {
    it(`before step ${stopAt} of ${TOTAL_STEPS}`, async () => {
      const name = `stopped-at-${stopAt}`;
      const first = await run(name, { resume: false, stopAt });
      assert.equal(first.globalStep, stopAt);
      const second = await run(name, { resume: true });
      assert.equal(second.globalStep, TOTAL_STEPS);
      assert.equal(second.stateHash, whole.stateHash);
      assert.deepEqual([...first.told, ...second.told], whole.told);
      const paths = runPaths(`${path}/${name}`);
      const stopped = await readPhaseEnds(paths, config.phases);
      assert.match(
        completedReason(stopped, 'All steps are done.'),
        /^All phases are done\. Phase "finetune" stopped early at step 4 of its 5, best accuracy \d\S* at step 2\.$/,
      );
    });
  }

  it('after the result of an earlier phase was damaged: which it says, and it claims nothing of its end', async () => {
    const first = await run('damaged', { resume: false, stopAt: 6 });
    assert.equal(first.globalStep, 6);
    const paths = runPaths(`${path}/damaged`);
    const folder = { ...paths, runConfig: config };
    assert.deepEqual(await damagedResults(folder), []);
    writeFileSync(join(paths.phases, 'pretrain', 'model.safetensors'), 'less');
    const [sentence, ...others] = await damagedResults(folder);
    assert.match(sentence!, /^"\S+" is damaged: .* Commands with --phase \w+ cannot read it\.$/);
    assert.deepEqual(others, []);
    const second = await run('damaged', { resume: true });
    assert.equal(second.stateHash, whole.stateHash);
    writeFileSync(join(paths.phases, 'finetune', 'manifest.json'), '{}');
    assert.equal(
      completedReason(await readPhaseEnds(paths, config.phases), 'All steps are done.'),
      'All phases are done. Whether phase "finetune" stopped early is not known: what it ended with cannot be read.',
    );
  });
});

/** What a run tells of its steps, evaluations and phase ends, without what depends on clock or folder. */
function metricsOf(event: CoordinatorEvent): string[] {
  if (event.kind === 'step') return [JSON.stringify({ step: event.step, sums: event.sums })];
  if (event.kind !== 'event' || event.payload.kind === 'checkpoint') return [];
  return [JSON.stringify(event.payload)];
}
