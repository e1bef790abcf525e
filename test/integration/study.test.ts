/** How a study begins and is refused; test/long runs whole ones. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { after, describe, it } from 'node:test';
import { Workplace } from '../helper/command-line.ts';
import { GRID, WARMING_GRID } from '../helper/study-grid.ts';

describe('lockstep study', { concurrency: true }, () => {
  const place = new Workplace();
  after(() => place.remove());
  const synth = async (store: string) => {
    const options = ['--count', '60', '--min-length', '20', '--max-length', '60', '--classes', '2'];
    await place.run('data', 'synth', store, ...options);
  };

  it("goes on with the study of one's own data where a signal stopped it", async () => {
    await synth('data/own');
    writeFileSync(place.path('warming.yaml'), WARMING_GRID);
    const study = ['study', 'data/own', '--grid', 'warming.yaml', '--minutes', '9'];
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
    const table = /^lockstep ngram +\d.*^lockstep ngram against .* points /ms;
    assert.match(stderr, table, 'the first table is there before the first network');
    assert.match(stderr, /^Trial 1: 2 short runs, one repeat, pretraining of \d+ steps, /m);
    const stages = readFileSync(place.path('own', 'stages.json'), 'utf8');
    const again = await begin();
    assert.match(again.stderr, table);
    assert.doesNotMatch(again.stderr, /^Fitting /m, 'what was fitted is read');
    assert.equal(readFileSync(place.path('own', 'stages.json'), 'utf8'), stages);
  });

  it('has no network where there is no time for one, and a model that is ready', async () => {
    await synth('data/small');
    const { code, stdout, stderr } = await place.run('study', 'data/small', '--minutes', '0.1');
    assert.equal(code, 0, stderr);
    assert.match(stdout, /; no network was trained to the end\.\n/);
    assert.match(
      stderr,
      /^Warning: 0\.1 minutes leave no time to train a network to the end here\./m,
    );
    assert.match(stdout, /^The best model is ready: runs\/study-small\/runs\/small\.ngram\S*\.$/m);
    assert.match(stdout, /^To fit it to all labels: .* ngram \S*data\/small$/m);
    const [, run] = /^Next: \S+ evaluate (\S+)$/m.exec(stdout)!;
    const evaluated = await place.run('evaluate', run!);
    assert.equal(evaluated.code, 0, evaluated.stderr);
  });

  it('tests each sequence in one of k folds, and goes on with the same command', async () => {
    await synth('data/folded');
    const study = ['study', 'data/folded', '--folds', '3', '--minutes', '0.1'];
    const first = await place.run(...study);
    assert.equal(first.code, 0, first.stderr);
    assert.match(
      first.stderr,
      /^accuracy over 3 folds, in which each of 60 sequences is tested once/m,
    );
    assert.match(first.stderr, /^lockstep ngram +\d+\.\d %.* [−+]?\d+\.\d to [−+]?\d+\.\d$/m);
    assert.match(first.stdout, /^Next: \S+ ngram data\/folded$/m);
    const folder = place.path('runs', 'study-folded-3-folds');
    const [head, ...rows] = readFileSync(`${folder}/folds.csv`, 'utf8').trim().split('\n');
    assert.equal(head, 'id,group,fold');
    assert.equal(new Set(rows.map((row) => row.split(',')[0])).size, 60);
    const folds = rows.map((row) => row.split(',')[2]).toSorted();
    assert.deepEqual([...new Set(folds)], ['1', '2', '3']);
    const report = readFileSync(`${folder}/folds.md`, 'utf8');
    const again = await place.run(...study);
    assert.equal(again.code, 0, again.stderr);
    assert.doesNotMatch(again.stderr, /^Fitting /m);
    assert.equal(readFileSync(`${folder}/folds.md`, 'utf8'), report);
    const two = await place.run('study', 'data/folded', '--folds', '2');
    assert.equal(two.code, 2);
    assert.match(two.stderr, /^USAGE: Cannot study 2 folds: /m);
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
