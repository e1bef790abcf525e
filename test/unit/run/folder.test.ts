import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { commandLine } from '../../../src/core/program-name.ts';
import { readTrainingData } from '../../../src/data/training-data.ts';
import {
  claimRunFolder,
  forgetRunExit,
  openRunFolder,
  readDigests,
  readRunConfig,
  readRunExit,
  writeRunExit,
} from '../../../src/run/folder.ts';
import { CONFIG, TRAINING_DATA } from '../checkpoint/sample.ts';

const KEPT = { data: TRAINING_DATA, digests: BigUint64Array.of(3n, 2n ** 63n) };

/** As a run does that has nothing to prepare. */
const createRunFolder = (...[at, ...content]: [string, typeof CONFIG, typeof KEPT]) =>
  claimRunFolder(at).settle(...content);

let root: string;
let path: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'run-'));
  path = join(root, 'runs', 'sample');
});
afterEach(() => rmSync(root, { recursive: true }));

describe("a run's folder", () => {
  it('is made with the resolved configuration, which reads back the same', () => {
    const run = createRunFolder(path, CONFIG, KEPT);
    assert.deepEqual(readdirSync(path).sort(), [
      ...['checkpoints', 'config.yaml', 'data.json', 'lock', 'logs', 'metrics.jsonl', 'phases'],
      'training-sequences.bin',
    ]);
    assert.match(readFileSync(run.config, 'utf8'), /^# The resolved configuration of run "sample"/);
    assert.deepEqual(readRunConfig(path), CONFIG);
    assert.deepEqual(readTrainingData(path), TRAINING_DATA);
    assert.deepEqual(readDigests(path), KEPT.digests);
    run.release();
    assert.ok(!existsSync(join(path, 'lock')));
  });

  it('is refused where a run is already: resume it if it has a checkpoint', () => {
    createRunFolder(path, CONFIG, KEPT).release();
    assert.throws(() => createRunFolder(path, CONFIG, KEPT), {
      code: 'RUN_EXISTS',
      message: `"${path}" already holds a run.`,
      advice: 'It has no checkpoint to resume: remove it, or choose another folder with --run.',
    });
    mkdirSync(join(path, 'checkpoints', 'step-00000010'));
    assert.throws(() => createRunFolder(path, CONFIG, KEPT), {
      code: 'RUN_EXISTS',
      advice: `Go on with it by "${commandLine('resume', path)}", or choose another folder with --run.`,
    });
    assert.ok(!existsSync(join(path, 'lock')), 'a refusal leaves no lock');
  });

  it('is refused where something else is, and made in an empty folder', () => {
    mkdirSync(path, { recursive: true });
    createRunFolder(path, CONFIG, KEPT).release();
    const other = join(root, 'other');
    mkdirSync(other);
    writeFileSync(join(other, 'thesis.tex'), '');
    assert.throws(() => createRunFolder(other, CONFIG, KEPT), {
      code: 'RUN_EXISTS',
      message: `"${other}" is not empty and is no run's folder.`,
    });
    assert.deepEqual(readdirSync(other), ['thesis.tex']);
  });

  it('has one owner at a time', async () => {
    const run = createRunFolder(path, CONFIG, KEPT);
    assert.throws(() => createRunFolder(path, CONFIG, KEPT), { code: 'RUN_LOCKED' });
    await assert.rejects(openRunFolder(path), { code: 'RUN_LOCKED' });
    run.release();
    (await openRunFolder(path)).release();
  });

  it('is opened again with its configuration, and tidied', async () => {
    createRunFolder(path, CONFIG, KEPT).release();
    mkdirSync(join(path, 'checkpoints', '.step-00000010.tmp-0123456789ab'));
    mkdirSync(join(path, 'phases', '.pretrain.old-0123456789ab'));
    rmSync(join(path, 'logs'), { recursive: true });
    const run = await openRunFolder(path);
    assert.deepEqual(run.runConfig, CONFIG);
    assert.deepEqual(readdirSync(run.checkpoints), []);
    assert.deepEqual(readdirSync(run.phases), ['pretrain']);
    assert.ok(existsSync(run.logs));
    run.release();
  });

  it('is not found where there is none', async () => {
    await assert.rejects(openRunFolder(path), {
      code: 'RUN_NOT_FOUND',
      message: `"${path}" is no run's folder: there is no such folder.`,
    });
    assert.ok(!existsSync(path));
  });

  it('cannot be made below a file', () => {
    writeFileSync(join(root, 'file'), '');
    assert.throws(() => createRunFolder(join(root, 'file', 'run'), CONFIG, KEPT), {
      code: 'USAGE',
    });
  });

  it('takes a folder that a killed start left half made', () => {
    createRunFolder(path, CONFIG, KEPT).release();
    rmSync(join(path, 'config.yaml'));
    writeFileSync(join(path, '.config.yaml.tmp-0123456789ab'), 'name: x');
    createRunFolder(path, CONFIG, KEPT).release();
    assert.ok(existsSync(join(path, 'config.yaml')));
    assert.ok(!existsSync(join(path, '.config.yaml.tmp-0123456789ab')));
  });

  it('takes no folder that holds anything else', () => {
    createRunFolder(path, CONFIG, KEPT).release();
    rmSync(join(path, 'config.yaml'));
    writeFileSync(join(path, 'metrics.jsonl'), '{"kind":"step"}\n');
    assert.throws(() => createRunFolder(path, CONFIG, KEPT), { code: 'RUN_EXISTS' });
    writeFileSync(join(path, 'metrics.jsonl'), '');
    writeFileSync(join(path, 'thesis.txt'), '');
    assert.throws(() => createRunFolder(path, CONFIG, KEPT), { code: 'RUN_EXISTS' });
  });

  it('leaves nothing of a run whose start was refused, and all of one that has a step', () => {
    const refused = claimRunFolder(path);
    refused.settle(CONFIG, KEPT);
    refused.retract();
    assert.ok(!existsSync(path));
    const begun = claimRunFolder(path);
    const run = begun.settle(CONFIG, KEPT);
    writeFileSync(run.metrics, '{"kind":"step"}\n');
    begun.retract();
    assert.ok(existsSync(run.config));
    run.release();
  });

  it('does not say how an earlier start ended while the run goes on', () => {
    const run = createRunFolder(path, CONFIG, KEPT);
    const exit = { code: 0, reason: 'done', globalStep: 9, lastCheckpoint: null, stateHash: null };
    writeRunExit(run, exit);
    forgetRunExit(run);
    assert.equal(readRunExit(run), undefined);
    writeRunExit(run, exit);
    assert.deepEqual(readRunExit(run), exit);
    assert.ok(!readdirSync(path).some((name) => name.startsWith('.')), 'nothing is left beside it');
    run.release();
  });

  it('writes how it ended to no file that a link leads to', () => {
    const run = createRunFolder(path, CONFIG, KEPT);
    const other = join(root, 'precious');
    writeFileSync(other, 'mine');
    const exit = { code: 0, reason: 'done', globalStep: 9, lastCheckpoint: null, stateHash: null };
    for (const begin of [() => forgetRunExit(run), () => {}]) {
      symlinkSync(other, join(path, '.exit.json.tmp-000000000000'));
      begin();
      writeRunExit(run, exit);
      assert.deepEqual(readRunExit(run), exit);
      assert.equal(readFileSync(other, 'utf8'), 'mine');
      rmSync(run.exit);
    }
    run.release();
  });

  it('says how the run ended', () => {
    const run = createRunFolder(path, CONFIG, KEPT);
    assert.equal(readRunExit(run), undefined);
    const exit = { code: 0, reason: 'done', globalStep: 9, lastCheckpoint: null, stateHash: null };
    writeRunExit(run, { ...exit, code: 130 });
    writeRunExit(run, exit);
    assert.deepEqual(readRunExit(run), exit);
    assert.ok(!readdirSync(path).some((name) => name.startsWith('.')));
    run.release();
  });
});
