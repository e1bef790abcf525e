/** A study with real runs: tiny ones, but every part of it is there. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { after, describe, it } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type { CellResult } from '../../src/study/cell.ts';
import { Workplace } from '../helper/command-line.ts';

const GRID = `
name: tiny-study
seed: 3
datasets:
  - name: made
    data:
      store: data/made
      synthetic: { count: 60, classes: 2, symbols: 5, length: { minimum: 20, maximum: 60 }, seed: 1 }
    batch: { microBatches: 2, tokensPerMicroBatch: 256 }
    networks:
      causal:
        model: { family: causal, channels: 4, dilations: [1, 2] }
        pretexts:
          next-step: { kind: next-step }
          masked: { kind: masked, span: 2 }
        finetuning: &finetuning
          optimizer: { kind: adamw }
          learningRate: { kind: constant, value: 1.0e-2 }
          duration: { steps: 2 }
          evaluation: { everySteps: 2, keep: best }
        pretraining: { <<: *finetuning, duration: { steps: 3 }, evaluation: { everySteps: 3 } }
        labels: [{ perClass: 3, draws: 3 }]
    pretrainingShares: [0.5]
`;
const LONG_WARM_UP =
  'duration: { steps: 40 }, learningRate: { kind: warmup-cosine, peak: 1.0e-2, warmupSteps: 30 }';
const CELLS = ['made.causal.masked', 'made.causal.next-step', 'made.causal.scratch'];

describe('lockstep study', { concurrency: true }, () => {
  const place = new Workplace();
  after(() => place.remove());
  writeFileSync(place.path('grid.yaml'), GRID);
  // Two runs that the other grid has, too.
  const small = GRID.replace(/ +masked: .*\n/, '').replace(/ +pretrainingShares: .*\n/, '');
  writeFileSync(place.path('small.yaml'), small);

  const cellsOf = (out: string) =>
    readdirSync(place.path(out, 'cells')).filter((name) => name.endsWith('.json'));
  /** Everything but the time. */
  const resultsOf = (out: string) =>
    cellsOf(out).map((name) => ({ ...(place.json(out, 'cells', name) as CellResult), seconds: 0 }));

  it('runs the grid, goes on where a signal stopped it, and answers', async () => {
    const undisturbed = await place.run('study', 'grid.yaml', '--out', 'whole');
    assert.equal(undisturbed.code, 0, undisturbed.stderr);
    assert.match(undisturbed.stdout, /^Does a network beat the best baseline\?\n {2}\w/);
    assert.match(undisturbed.stdout, /Written: whole\/study\.md and whole\/study\.html/);
    const [, run, phase] = /^The best network is ready: (\S+), phase (\S+)\.$/m.exec(
      undisturbed.stdout,
    )!;
    assert.ok(existsSync(place.path(run!, 'phases', phase!)));
    const names = cellsOf('whole').map((name) => name.replace('.json', ''));
    assert.deepEqual(
      names.filter((name) => !name.includes('percent')),
      CELLS,
    );
    assert.equal(names.length, CELLS.length + 1, 'the best pretext has a run with half the data');
    const markdown = readFileSync(place.path('whole', 'study.md'), 'utf8');
    assert.match(markdown, /\| Masked or next timestep\? \| .* 3 repeats\) at 3 labels a class/);
    assert.match(readFileSync(place.path('whole', 'study.html'), 'utf8'), /new uPlot/);

    const { child, ended } = place.start('study', 'small.yaml', '--out', 'stopped');
    const first = place.path('stopped', 'cells', 'made.causal.next-step.json');
    while (!existsSync(first) && child.exitCode === null) await wait(50);
    child.kill('SIGTERM');
    const stopped = await ended;
    assert.equal(stopped.code, 143, stopped.stderr);
    assert.match(stopped.stderr, /TERMINATED: The study was stopped by SIGTERM; what the runs had/);
    assert.equal(cellsOf('stopped').length, 1);
    assert.ok(!existsSync(place.path('stopped', 'study.md')), 'no answer from half a grid');

    const rest = await place.run('study', 'small.yaml', '--workers', '2', '--out', 'stopped');
    assert.equal(rest.code, 0, rest.stderr);
    assert.match(rest.stderr, /made\.causal\.next-step: was done already/);
    assert.equal(cellsOf('stopped').length, 2);
    for (const result of resultsOf('stopped')) {
      const same = resultsOf('whole').find(({ key }) => isDeepStrictEqual(key, result.key));
      assert.deepEqual(result, same);
    }

    const again = await place.run('study', 'grid.yaml', '--out', 'whole');
    assert.equal(again.stdout, undisturbed.stdout, 'all is read, nothing is run again');
    assert.equal(again.stderr.match(/was done already/g)?.length, names.length);
    const other = await place.run('study', 'grid.yaml', '--out', 'whole', '--set', 'seed=4');
    assert.equal(other.code, 2);
    assert.equal(
      other.stderr,
      'USAGE: "whole" holds the study of another configuration: seed differs. Choose another --out, or remove that folder.\n',
    );
  });

  it("sizes the study of one's own data to the machine and the time, however short", async () => {
    const options = ['--count', '60', '--min-length', '20', '--max-length', '60', '--classes', '2'];
    await place.run('data', 'synth', 'data/own', ...options);
    // A warm-up that is longer than what is measured, as the template's is.
    writeFileSync(place.path('warming.yaml'), GRID.replace('duration: { steps: 3 }', LONG_WARM_UP));
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
