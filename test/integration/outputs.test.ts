/** Standard streams, files and limits as careless users have them. */
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { closeSync, constants, existsSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { CLONE } from '../helper/clone.ts';
import { Workplace } from '../helper/command-line.ts';
import { deadline } from '../helper/slowness.ts';
import { codeWith } from '../helper/standard-streams.ts';

const workplace = new Workplace();
after(() => workplace.remove());

const PROGRAM = [process.execPath, join(CLONE, 'bin', 'lockstep.js')] as const;
const TRAIN = ['train', join(CLONE, 'configs', 'tiny.yaml'), '--set', 'engine.kind=portable'];

/** The exit code of a run with these standard streams. */
async function codeOf(run: string, stdout: number, stderr: number): Promise<number | null> {
  const [node, program] = PROGRAM;
  const child = spawn(node, [program, ...TRAIN, '--run', workplace.path(run)], {
    cwd: workplace.folder,
    stdio: ['ignore', stdout, stderr],
  });
  const timer = setTimeout(() => child.kill('SIGKILL'), deadline(60_000));
  const code = await new Promise<number | null>((resolve) => child.once('exit', resolve));
  clearTimeout(timer);
  return code;
}

const exitOf = (run: string) =>
  JSON.parse(readFileSync(workplace.path(run, 'exit.json'), 'utf8')) as { code: number };

describe('a run outlives its standard streams', () => {
  it('on a full disk', async () => {
    const full = openSync('/dev/full', 'w');
    assert.equal(await codeOf('full', full, full), 0);
    assert.equal(exitOf('full').code, 0);
    closeSync(full);
  });

  it('when they are pipes that nobody reads', async () => {
    const path = workplace.path('pipe');
    execFileSync('mkfifo', [path]);
    const pipe = openSync(path, constants.O_RDWR);
    writeFileSync(pipe, 'x'.repeat(65_536), { flag: 'a' });
    assert.equal(await codeOf('unread', pipe, pipe), 0);
    assert.equal(exitOf('unread').code, 0);
    assert.ok(!existsSync(workplace.path('unread', 'lock')));
    closeSync(pipe);
  });
});

describe('a command whose standard output is on a full disk', () => {
  it('says so: what it was called for is lost', () => {
    const full = openSync('/dev/full', 'w');
    const [node, program] = PROGRAM;
    const { status, stderr } = spawnSync(node, [program, 'data', 'info', 'data/tiny'], {
      cwd: workplace.folder,
      stdio: ['ignore', full, 'pipe'],
    });
    closeSync(full);
    assert.equal(status, 5, String(stderr));
    assert.match(String(stderr), /^OUT_OF_RESOURCES: Cannot write "standard output".*\n$/);
  });
});

describe('a command that makes files, with a standard output that takes nothing', () => {
  it('has done what it was called for', async () => {
    for (const stdout of ['full', 'unread'] as const) {
      const args = ['data', 'synth', `made-${stdout}`, '--count', '4', '--classes', '2'];
      assert.equal(await codeWith({ stdout, stderr: 'fine' }, workplace.folder, args), 0, stdout);
    }
  });
});

describe('--version', () => {
  it('fails when it can not be written', async () => {
    const streams = { stdout: 'full', stderr: 'full' } as const;
    assert.equal(await codeWith(streams, workplace.folder, ['--version']), 5);
  });
});

describe('limits that are too low', () => {
  for (const program of ['bin/lockstep.js', 'launcher/launch']) {
    it(`even for Node are named by ${program}`, () => {
      for (const limit of ['-v 500000', '-n 25']) {
        const command = `ulimit ${limit} && exec "$@"`;
        const argv = ['-c', command, 'sh', join(CLONE, program), 'x.yaml'];
        const { status, stderr } = spawnSync('sh', argv, { cwd: workplace.folder });
        assert.equal(status, 5, String(stderr));
        assert.match(
          String(stderr),
          /^OUT_OF_RESOURCES: .*too low even for Node.* Raise it: .*\n$/,
        );
      }
    });
  }

  it('are named by the launcher before anything is loaded', () => {
    const argv = ['-c', 'ulimit -n 64 && exec "$@"', 'sh', join(CLONE, 'launcher', 'launch')];
    const { status, stderr } = spawnSync('sh', argv, { cwd: workplace.folder });
    assert.equal(status, 5, String(stderr));
    assert.match(String(stderr), /^OUT_OF_RESOURCES: The limit of open files.*\n$/);
  });

  for (const [limit, name] of [
    ['-n 64', 'open files'],
    ['-v 4000000', 'addresses'],
  ]) {
    it(`are named before anything is loaded: ulimit ${limit}`, () => {
      const [node, program] = PROGRAM;
      const { status, stderr } = spawnSync(
        'sh',
        ['-c', `ulimit ${limit} && exec "$@"`, 'sh', node, program, 'train', 'x.yaml'],
        { cwd: workplace.folder },
      );
      assert.equal(status, 5, String(stderr));
      assert.match(
        String(stderr),
        new RegExp(`^OUT_OF_RESOURCES: The limit of ${name}.* Raise it: .*\\n$`),
      );
    });
  }
});
