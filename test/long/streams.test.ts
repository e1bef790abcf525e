/**
 * Every command with a full disk, a pipe that nobody reads, one whose reader has gone, or nothing as standard stream.
 * LOCKSTEP_STREAMS=all tries each stream by itself with each of them (`npm run test:streams`), otherwise both at once, or two.
 */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { fixtureConfig, Workplace } from '../helper/command-line.ts';
import { codeWith, type Stream } from '../helper/standard-streams.ts';
import { GRID } from '../helper/study-grid.ts';

const CONFIG = fixtureConfig('slow-steps.yaml');
const FEW_LABELS = ['--labels', '3', '--draws', '1'];
const COLLECTIVE = ['--sizes', '4000', '--rounds', '1'];

/** Commands that make files, by their arguments before the name of a new one. */
const MAKE_FILES: Readonly<Record<string, readonly string[]>> = {
  'data synth': ['data', 'synth', '--count', '20', '--classes', '2'],
  'data import': ['data', 'import', 'all.jsonl'],
  ngram: ['ngram', 'data', '--run'],
  rocket: ['rocket', 'data', '--run'],
  train: ['train', CONFIG, '--run'],
};
/** Commands that go on with what there is. */
const GO_ON = { resume: ['resume', 'run'], study: ['study', 'grid.yaml', '--out', 'study'] };
/** Commands that are called for what they print. */
const PRINT: Readonly<Record<string, readonly string[]>> = {
  '--version': ['--version'],
  '--help': ['--help'],
  completion: ['completion'],
  'data info': ['data', 'info', 'data'],
  'data verify': ['data', 'verify', 'data'],
  baselines: ['baselines', 'data', ...FEW_LABELS],
  evaluate: ['evaluate', 'run'],
  predict: ['predict', 'run'],
  debug: ['debug', CONFIG],
  bench: ['bench', 'collective', ...COLLECTIVE],
};

const place = new Workplace();
after(() => place.remove());
before(async () => {
  writeFileSync(place.path('grid.yaml'), GRID);
  for (const args of [
    ['train', CONFIG, '--run', 'run'],
    ['data', 'export', 'data', 'all.jsonl'],
    ['study', 'grid.yaml', '--out', 'study'],
  ]) {
    const { code, stderr } = await place.run(...args);
    assert.equal(code, 0, stderr);
  }
});

let made = 0;
const withNewName = (args: readonly string[]) => [...args, `made-${made++}`];
const code = async (stdout: Stream, stderr: Stream, args: readonly string[]) =>
  await codeWith({ stdout, stderr }, place.folder, args);

const WANTS_ALL = process.env.LOCKSTEP_STREAMS === 'all';
const ALL = ['full', 'unread', 'gone', 'closed'] as const;

const madeAnew = (name: string, args: readonly string[]) =>
  name in MAKE_FILES ? withNewName(args) : args;

describe('standard error that takes nothing changes no exit code', () => {
  const commands = WANTS_ALL ? { ...PRINT, ...GO_ON, ...MAKE_FILES } : PRINT;
  for (const [name, args] of Object.entries(commands)) {
    it(`of ${name}`, async () => {
      for (const stream of WANTS_ALL ? ALL : ALL.slice(0, 2)) {
        assert.equal(await code('fine', stream, madeAnew(name, args)), 0, stream);
      }
    });
  }

  it('of a refusal', async () => {
    for (const stream of ALL) {
      assert.equal(await code('fine', stream, ['data', 'info', 'nowhere']), 3, stream);
    }
  });
});

describe('standard output that takes nothing', () => {
  for (const [name, args] of Object.entries({ ...GO_ON, ...MAKE_FILES })) {
    it(`is no failure of ${name}, which makes files`, async () => {
      for (const stream of ALL) {
        const errors = WANTS_ALL ? 'fine' : stream;
        assert.equal(await code(stream, errors, madeAnew(name, args)), 0, stream);
      }
    });
  }

  for (const [name, args] of Object.entries(PRINT)) {
    it(`on a full disk fails ${name}, which is called for what it prints`, async () => {
      assert.equal(await code('full', 'fine', args), 5);
      assert.equal(await code('gone', 'fine', args), 0);
      if (!WANTS_ALL) return;
      assert.equal(await code('full', 'full', args), 5);
      assert.equal(await code('closed', 'fine', args), 0);
    });
  }
});
