/**
 * A run and a dataset in a lower layer of an overlay, as what an image of a container brings is: folders there can't be
 * renamed.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { programCommand } from '../../src/launch/program.ts';
import { fixtureConfig, LOCKSTEP_PROGRAM, Workplace } from '../helper/command-line.ts';

const CONFIG = [fixtureConfig('two-phases.yaml'), '--set', 'engine.kind=portable'];
const NAMESPACES = [
  ...(process.getuid?.() === 0 ? [] : ['--user', '--map-root-user']),
  ...['--mount', '--propagation', 'private'],
];
/** Runs a command where "lower" has a layer above it, in which all changes lie. */
const LAYERED =
  'mount -t overlay none -o lowerdir=lower,upperdir=upper,workdir=work lower && cd . && exec "$@"';
const REPLACE = new URL('../helper/replace-folder-program.ts', import.meta.url);
/** The same with little room in that layer; tells what is left then. */
const SMALL_LAYER =
  'mount -t tmpfs -o size=500k none small && mkdir small/upper small/work && mount -t overlay none -o lowerdir=lower,upperdir=small/upper,workdir=small/work lower && cd . && "$@"; stat -c %s lower/large/part; ls -A lower';

const place = new Workplace();
for (const folder of ['lower', 'upper', 'work']) mkdirSync(place.path(folder));
const within = (layers: string, ...command: readonly string[]) =>
  spawnSync('unshare', [...NAMESPACES, 'sh', '-c', layers, '-', ...command], {
    cwd: place.folder,
    encoding: 'utf8',
  });
const layered = (...command: readonly string[]) => within(LAYERED, ...command);
const why = layered('true');
const skip = why.status !== 0 && `this user can mount no overlay (${why.stderr?.trim()})`;

describe('a lower layer of an overlay', { skip }, () => {
  after(() => place.remove());
  const lockstep = (...args: readonly string[]) =>
    layered(process.execPath, LOCKSTEP_PROGRAM, ...args);

  it('has a run that goes on: its old checkpoints go, and its phases are written again', async () => {
    const alone = await place.run('train', ...CONFIG, '--run', 'alone');
    assert.equal(alone.code, 0, alone.stderr);
    const often = ['--set', 'checkpoint.everySteps=2', '--set', 'checkpoint.keep=1'];
    const { child, ended } = place.start(
      ...['train', ...CONFIG, ...often, '--run', 'lower/run'],
      ...['--simulate', 'slow@rank=0,step=11,ms=300'],
    );
    await place.untilSteps('lower/run', 12);
    child.kill('SIGTERM');
    assert.equal((await ended).code, 143);
    const kept = readdirSync(place.path('lower', 'run', 'checkpoints'));
    const resumed = lockstep('resume', 'lower/run');
    assert.equal(resumed.status, 0, resumed.stderr);
    const above = place.path('upper', 'run');
    const { stateHash } = JSON.parse(readFileSync(join(above, 'exit.json'), 'utf8'));
    const { stateHash: expected } = place.json('alone', 'exit.json') as { stateHash: string };
    assert.equal(stateHash, expected);
    const seen = layered('ls', '-A', 'lower/run/checkpoints').stdout.trim().split('\n');
    assert.equal(seen.length, 1, `kept ${kept}, then ${seen}`);
    assert.ok(!kept.includes(seen[0]!), 'the newest one is kept');
  });

  it('has a dataset that is replaced', async () => {
    const record = (n: number) => JSON.stringify({ id: `s${n}`, label: 'ab'[n % 2], values: [n] });
    const write = (from: number) =>
      writeFileSync(
        place.path('in.jsonl'),
        Array.from({ length: 24 }, (_, n) => record(from + n)).join('\n'),
      );
    write(0);
    const first = await place.run('data', 'import', 'in.jsonl', 'lower/data');
    assert.equal(first.code, 0, first.stderr);
    write(50);
    const again = lockstep('data', 'import', 'in.jsonl', 'lower/data', '--overwrite');
    assert.equal(again.status, 0, again.stderr);
    const fresh = await place.run('data', 'import', 'in.jsonl', 'fresh');
    assert.equal(fresh.code, 0, fresh.stderr);
    const { contentHash } = JSON.parse(layered('cat', 'lower/data/manifest.json').stdout);
    const { contentHash: expected } = place.json('fresh', 'manifest.json') as {
      contentHash: string;
    };
    assert.equal(contentHash, expected);
  });

  it('keeps a folder whole, and nothing else, where the layer above has no room for a copy of it', () => {
    mkdirSync(place.path('lower', 'large'));
    writeFileSync(place.path('lower', 'large', 'part'), Buffer.alloc(1_000_000, 7));
    mkdirSync(place.path('small'));
    const before = readdirSync(place.path('lower')).toSorted();
    const { stdout, stderr } = within(SMALL_LAYER, ...programCommand(REPLACE), 'lower/large');
    assert.match(stderr, /^OUT_OF_RESOURCES: Cannot write "lower\/large"/m);
    const [size, ...names] = stdout.trim().split('\n');
    assert.equal(size, '1000000');
    assert.deepEqual(names.toSorted(), before);
  });
});
