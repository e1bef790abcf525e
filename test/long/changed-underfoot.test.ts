/** What somebody does to a run's folder while the run goes on changes neither its bits nor how it ends. */
import assert from 'node:assert/strict';
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { CLONE } from '../helper/clone.ts';
import { type Ended, Workplace } from '../helper/command-line.ts';

const place = new Workplace();
after(() => place.remove());
const TRAIN = ['train', join(CLONE, 'configs', 'tiny.yaml'), '--set', 'engine.kind=portable'];

/** Starts a run, does something to it after three steps, and waits for its end. */
async function disturbed(run: string, disturb: (folder: string) => void): Promise<Ended> {
  const { ended } = place.start(...TRAIN, '--run', run);
  await Promise.race([place.untilSteps(run, 3), ended]);
  disturb(place.path(run));
  return await ended;
}

const hashIn = (text: string): string | undefined => /^state ([0-9a-f]{64}) /m.exec(text)?.[1];

describe('a run that goes on', () => {
  let expected: string;
  before(async () => {
    const { stdout, stderr } = await place.run(...TRAIN, '--run', 'undisturbed');
    expected = hashIn(stdout + stderr)!;
    assert.ok(expected, stderr);
  });

  for (const [what, disturb] of [
    ['is moved away', (folder) => renameSync(folder, `${folder}-moved`)],
    ['is removed', (folder) => rmSync(folder, { recursive: true, maxRetries: 5 })],
    ['loses its configuration', (folder) => rmSync(join(folder, 'config.yaml'))],
    [
      'gets a configuration that is none',
      (folder) => writeFileSync(join(folder, 'config.yaml'), '['),
    ],
    ['loses its logs', (folder) => rmSync(join(folder, 'logs'), { recursive: true })],
  ] as const satisfies readonly (readonly [string, (folder: string) => void])[]) {
    it(`ends the same when its folder ${what}`, async () => {
      const run = what.replaceAll(' ', '-');
      const { code, stdout, stderr } = await disturbed(run, disturb);
      assert.equal(code, 0, stderr);
      assert.match(stderr, /^EXIT code=0 reason="All 36 steps are done\."/m);
      assert.equal(hashIn(stdout + stderr), expected);
      const exit = JSON.parse(readFileSync(place.path(run, 'exit.json'), 'utf8'));
      assert.equal(exit.stateHash, expected);
    });
  }
});
