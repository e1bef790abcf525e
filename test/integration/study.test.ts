/** How a study begins and is refused; test/long runs whole ones. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { after, describe, it } from 'node:test';
import { Workplace } from '../helper/command-line.ts';
import { GRID, WARMING_GRID } from '../helper/study-grid.ts';

describe('lockstep study', { concurrency: true }, () => {
  const place = new Workplace();
  after(() => place.remove());

  it("sizes the study of one's own data to the machine and the time, however short", async () => {
    const options = ['--count', '60', '--min-length', '20', '--max-length', '60', '--classes', '2'];
    await place.run('data', 'synth', 'data/own', ...options);
    writeFileSync(place.path('warming.yaml'), WARMING_GRID);
    const study = ['study', 'data/own', '--grid', 'warming.yaml', '--minutes', '0.1'];
    const begin = async () => {
      const { child, ended } = place.start(...study, '--out', 'own');
      const said: string[] = [];
      child.stderr!.on('data', (part: string) => {
        const isNew = !said.join('').includes(': begun');
        said.push(part);
        if (isNew && said.join('').includes(': begun')) child.kill('SIGTERM');
      });
      return await ended;
    };
    const { code, stderr } = await begin();
    assert.equal(code, 143, stderr);
    assert.match(
      stderr,
      /\nWarning: The smallest study of this dataset takes about 1 minutes here\.\n/,
    );
    assert.match(stderr, /^n-grams +\d/m, 'the baselines are there before the first network');
    assert.match(stderr, /^2 parts to train\./m);
    const size = readFileSync(place.path('own', 'study.yaml'), 'utf8');
    const again = await begin();
    assert.match(again.stderr, /^2 parts to train\./m);
    assert.doesNotMatch(again.stderr, /Measuring how fast/);
    assert.equal(readFileSync(place.path('own', 'study.yaml'), 'utf8'), size);
  });

  it('names the run that failed, and why', async () => {
    const broken = GRID.replace('family: causal', 'family: dilated');
    writeFileSync(place.path('broken.yaml'), broken);
    const { code, stderr } = await place.run('study', 'broken.yaml', '--out', 'broken');
    assert.equal(code, 2);
    assert.match(
      stderr,
      /\nCONFIG_INVALID: The run made\.causal\.next-step failed: Phase "pretrain-0": Objective "next-step" needs a causal model, but model\.family "dilated" sees the future.*\n$/,
    );
  });
});
