/** The worked examples of the documentation of data, of tasks and of the library do what they say. */
import assert from 'node:assert/strict';
import { symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { CLONE } from '../helper/clone.ts';
import { Workplace } from '../helper/command-line.ts';
import { Reader, readPage } from '../helper/documentation.ts';

describe('the commands of', () => {
  const reader = new Reader();
  after(() => reader.close());
  for (const page of ['docs/data.md', 'docs/tasks.md']) {
    it(`${page} run, one after the other`, () => reader.run(page));
  }
});

describe('the programs of the library', () => {
  const place = new Workplace();
  after(() => place.remove());

  it('do what docs/library.md says', async () => {
    const page = readPage('docs/library.md');
    const programs = [...page.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(([, code]) => code!);
    assert.equal(programs.length, 2);
    symlinkSync(join(CLONE, 'configs'), place.path('configs'));
    const said = [];
    for (const [number, code] of programs.entries()) {
      const file = place.path(`example-${number}.mts`);
      const library = join(CLONE, 'dist', 'index.js');
      writeFileSync(file, code.replaceAll("'lockstep'", JSON.stringify(library)));
      const ended = await place.typescript(file);
      assert.equal(ended.code, 0, ended.stderr);
      said.push(ended.stdout.trimEnd().split('\n'));
    }
    assert.equal(said[0]!.filter((line) => /^\d+ \d/.test(line)).length, 36);
    assert.match(said[1]!.at(-2)!, /^stopped SIGTERM: saved after \d+ of 36 steps\.$/);
    assert.equal(said[1]!.at(-1), 'completed');
  });
});
