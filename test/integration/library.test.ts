/** The library as another program uses it: values, no word on the terminal, nothing left behind. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import type { EvaluationResult, Prediction, RunEvent, RunOutcome } from '../../src/index.ts';
import { type Ended, Workplace } from '../helper/command-line.ts';

const PROGRAM = new URL('./library-program.ts', import.meta.url);

interface Process {
  readonly exitCode: number | undefined;
  readonly folder: string;
  readonly listeners: unknown;
}

type ClassPrediction = Extract<Prediction, { readonly task: 'class' }>;

describe('the library', () => {
  const place = new Workplace();
  after(() => place.remove());

  /** Resolves when the program has ended by itself: then no handle of the library's is left. */
  const use = async <Seen>(what: string, run: string): Promise<Seen & { ended: Ended }> => {
    const ended = await place.program(PROGRAM, what, run);
    assert.deepEqual(ended, { code: 0, stdout: '', stderr: '' });
    const seen = place.json('seen.json') as Seen & { before: Process; after: Process };
    assert.deepEqual(seen.after, seen.before, 'exit code, folder and listeners are as they were');
    return { ...seen, ended };
  };

  let whole: {
    outcome: RunOutcome;
    events: RunEvent[];
    report: EvaluationResult;
    predictions: Prediction[];
  };
  before(async () => {
    whole = await use('whole', 'whole');
  });

  it('trains to the same state as the command line', async () => {
    const { status, step, exitCode, reason, runFolder, lastCheckpoint } = whole.outcome;
    assert.deepEqual(
      { status, step, exitCode, reason, runFolder, lastCheckpoint },
      {
        status: 'completed',
        step: 12,
        exitCode: 0,
        reason: 'All 12 steps are done.',
        runFolder: 'whole',
        lastCheckpoint: 'whole/checkpoints/step-00000012',
      },
    );
    const { code, stdout, stderr } = await place.run('train', 'whole/config.yaml', '--run', 'cli');
    assert.equal(code, 0, stderr);
    assert.equal(stdout.split('\n')[0], `state ${whole.outcome.stateHash} after step 12`);
  });

  it('tells what happens, in order', () => {
    const kinds = whole.events.map(({ kind }) => kind).filter((kind) => kind !== 'status');
    const step = Array.from({ length: 4 }, () => 'step');
    assert.deepEqual(
      kinds.filter((kind) => kind !== 'checkpoint'),
      [
        'start',
        ...[...step, 'evaluation', ...step, 'evaluation', ...step, 'evaluation'],
        ...['phaseEnd', 'end'],
      ],
    );
    const start = whole.events.find(({ kind }) => kind === 'start');
    assert.deepEqual(start, { kind: 'start', runFolder: 'whole', totalSteps: 12, workers: 2 });
    const third = whole.events.filter((event) => event.kind === 'step')[2]!;
    assert.equal(third.step, 3);
    assert.equal(third.phase, 'finetune');
    assert.ok(third.metrics.loss! > 0 && third.tokensPerSecond > 0);
    assert.deepEqual(whole.events.at(-1), { kind: 'end', outcome: whole.outcome });
  });

  it('evaluates and predicts to values, as the command line prints them', async () => {
    const evaluated = await place.run('evaluate', 'whole', '--split', 'validation', '--json');
    assert.deepEqual(whole.report, JSON.parse(evaluated.stdout));
    const { stdout } = await place.run('predict', 'whole', '--split', 'test', '--format', 'jsonl');
    const lines = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as ClassPrediction);
    const predictions = whole.predictions as ClassPrediction[];
    assert.deepEqual(
      predictions.map(({ id, class: name }) => [id, name]),
      lines.map(({ id, class: name }) => [id, name]),
    );
    const [first] = predictions;
    assert.deepEqual(first!.classes, ['class-0', 'class-1', 'class-2']);
    assert.ok(Math.abs(first!.probabilities.reduce((a, b) => a + b) - 1) < 1e-5);
  });

  it('is stopped by a signal and goes on to the same state', async () => {
    const { first, second } = await use<{ first: RunOutcome; second: RunOutcome }>(
      'stopped',
      'half',
    );
    assert.equal(first.status, 'stopped');
    assert.equal(first.exitCode, 143);
    assert.ok(first.step >= 3 && first.step < 12, first.reason);
    assert.match(first.reason, /^SIGTERM: saved after \d+ of 12 steps\.$/);
    assert.equal(second.status, 'completed');
    assert.equal(second.stateHash, whole.outcome.stateHash);
  });

  it('trains several runs in one process', async () => {
    const { hashes } = await use<{ hashes: string[] }>('together', 'pair');
    assert.deepEqual(hashes, [whole.outcome.stateHash, whole.outcome.stateHash]);
  });

  it('makes datasets of records and of files, and opens them', async () => {
    const { kept, ids, first, taken } = await use<Record<string, unknown>>('data', 'made');
    assert.deepEqual(kept, [3, 2]);
    assert.deepEqual(ids, ['a', 'b', 'c']);
    assert.deepEqual(first, [1, 2, 97]);
    assert.match(String(taken), /^USAGE: .*made/);
  });

  it('refuses with errors that say what to do, and leaves nothing behind', async () => {
    const { errors, left, busy } = await use<{ errors: string[]; left: string[]; busy: string[] }>(
      'refused',
      'refused',
    );
    assert.deepEqual(left, []);
    assert.match(
      errors[0]!,
      /^CONFIG_INVALID: .*config: batch\.microBatches .* config: seeds .*seed/,
    );
    assert.deepEqual(errors.slice(1), [
      'TERMINATED: SIGTERM came before the first step. Nothing was lost.',
      'USAGE: Cannot use minWorkers 2: it must be an integer from 1 to 1, the number of workers. Leave it out to go on with any number.',
      'RUN_NOT_FOUND: "nowhere" is no run\'s folder: there is no such folder. Give the folder that a run was started in, such as runs/<name>.',
      "TypeError: the caller's own mistake",
    ]);
    assert.equal(existsSync(place.path('thrown', 'exit.json')), true, 'that run was saved');
    assert.match(busy.join('\n'), /^RUN_LOCKED: "refused" is in use by process \d+\. Wait until/m);
  });
});
