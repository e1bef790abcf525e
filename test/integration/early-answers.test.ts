/** What can be known before a process starts is answered before: in a moment, and with nothing left behind. */
import assert from 'node:assert/strict';
import {
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { LOCKSTEP, Workplace } from '../helper/command-line.ts';

const CONFIG = `
name: early
data: { store: data }
model: { family: dilated, channels: 4, dilations: [1, 2] }
batch: { microBatches: 2, tokensPerMicroBatch: 256 }
phases:
  - name: only
    start: fresh
    objective: { kind: supervised }
    optimizer: { kind: adamw }
    learningRate: { kind: constant, value: 1.0e-2 }
    duration: { steps: 3 }
`;

describe('before a process starts', () => {
  const place = new Workplace();
  let stateHash = '';

  const synth = async (folder: string, seed: string) => {
    const size = ['--count', '30', '--min-length', '20', '--max-length', '60'];
    const { code, stderr } = await place.run('data', 'synth', folder, '--seed', seed, ...size);
    assert.equal(code, 0, stderr);
  };
  /** A copy of the run; of one that is not over unless `isOver`. */
  const copy = (name: string, { isOver = false } = {}) => {
    cpSync(place.path('run'), place.path(name), { recursive: true });
    if (!isOver) rmSync(place.path(name, 'exit.json'));
    return name;
  };
  const edit = (run: string, from: string | RegExp, to: string) => {
    const file = place.path(run, 'config.yaml');
    writeFileSync(file, readFileSync(file, 'utf8').replace(from, to));
  };
  /** Every file with its size: a process that started would have written to a log. */
  const filesOf = (run: string) =>
    (readdirSync(place.path(run), { recursive: true }) as string[])
      .sort()
      .map((name) => [name, statSync(join(place.path(run), name)).size]);
  const refused = async (run: string, message: string, code: number) => {
    const files = filesOf(run);
    const ended = await place.run('resume', run, '--workers', '2');
    assert.deepEqual(ended, { code, stdout: '', stderr: `${message}\n` });
    assert.deepEqual(filesOf(run), files);
  };

  before(async () => {
    writeFileSync(place.path('early.yaml'), CONFIG);
    await synth('data', '1');
    const { code, stderr } = await place.run('train', 'early.yaml', '--run', 'run');
    assert.equal(code, 0, stderr);
    ({ stateHash } = place.json('run', 'exit.json') as { stateHash: string });
  });
  after(() => place.remove());

  it('a completed run is answered with its result, even when its data are gone', async () => {
    const run = copy('completed', { isOver: true });
    edit(run, place.path('data'), place.path('nowhere'));
    const files = filesOf(run);
    const { code, stdout, stderr } = await place.run('resume', run);
    assert.equal(code, 0);
    assert.equal(stdout, `state ${stateHash} after step 3\nNext: ${LOCKSTEP} evaluate ${run}\n`);
    assert.equal(
      stderr,
      'EXIT code=0 reason="All 3 steps are done." last_checkpoint="run/checkpoints/step-00000003"\n',
    );
    assert.deepEqual(filesOf(run), files);
  });

  for (const isOver of [true, false]) {
    it(`a changed configuration is refused, the run ${isOver ? 'completed' : 'not over'}`, async () => {
      const run = copy(`changed-${isOver}`, { isOver });
      edit(run, 'steps: 3', 'steps: 30');
      await refused(
        run,
        `CHECKPOINT_MISMATCH: Cannot go on from "${run}/checkpoints/step-00000003": phases.0.duration.steps was 3, here it is 30. Resume with the data and the configuration of the run, or start a new run under another name.`,
        4,
      );
    });
  }

  it('data that are gone are refused', async () => {
    const run = copy('gone');
    const nowhere = place.path('nowhere');
    edit(run, place.path('data'), nowhere);
    await refused(
      run,
      `DATA_NOT_FOUND: Cannot open dataset "${nowhere}": there is no such folder. Check the path, or make the dataset: "${LOCKSTEP} data import --help".`,
      3,
    );
  });

  it('other data are refused', async () => {
    await synth('other', '2');
    const run = copy('changed-data');
    edit(run, place.path('data'), place.path('other'));
    const hashes = ['data', 'other'].map(
      (store) => (place.json(store, 'manifest.json') as { contentHash: string }).contentHash,
    );
    const [was, is] = hashes.map((hash) => hash.slice(0, 12));
    await refused(
      run,
      `CHECKPOINT_MISMATCH: Cannot go on from "${run}/checkpoints/step-00000003": the data had content hash ${was}…, here it has ${is}…. Resume with the data and the configuration of the run, or start a new run under another name.`,
      4,
    );
  });

  for (const folder of ['/proc/x', '/proc/x/y']) {
    it(`a folder that can't be made is refused: ${folder}`, async () => {
      const ended = await place.run('train', 'early.yaml', '--run', folder);
      assert.deepEqual(ended, {
        code: 2,
        stdout: '',
        stderr: `USAGE: Cannot make the folder "${folder}": the file system there takes no folders (ENOENT). Choose a folder that you may write to.\n`,
      });
    });
  }

  it('a refused run leaves no folder, nor those above it', async () => {
    const few = ['--set', 'phases.only.data.labelsPerClass=1000', '--run', 'a/b/c'];
    const { code } = await place.run('train', 'early.yaml', ...few);
    assert.equal(code, 3);
    assert.equal(existsSync(place.path('a')), false);
  });
});
