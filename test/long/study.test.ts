/** A study with real runs: tiny ones, but every part of it is there. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { after, describe, it } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type { CellResult } from '../../src/study/cell.ts';
import { Workplace } from '../helper/command-line.ts';
import { GRID, WARMING_GRID } from '../helper/study-grid.ts';

const CELLS = [
  'made.causal.masked',
  'made.causal.next-step',
  'made.causal.scratch',
  'made.ngram.closed-form',
];

describe('lockstep study', () => {
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
    assert.match(undisturbed.stdout, /^Which model is best here\?\n {2}\w/);
    assert.match(undisturbed.stdout, /Written: whole\/study\.md and whole\/study\.html/);
    const [, run, phase] = /^The best model is ready: (\S+?)(?:, phase (\S+))?\.$/m.exec(
      undisturbed.stdout,
    )!;
    assert.ok(existsSync(place.path(run!, ...(phase === undefined ? [] : ['phases', phase]))));
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
    assert.equal(cellsOf('stopped').length, 2, 'one run, and the model in closed form');
    assert.ok(!existsSync(place.path('stopped', 'study.md')), 'no answer from half a grid');

    const rest = await place.run('study', 'small.yaml', '--workers', '2', '--out', 'stopped');
    assert.equal(rest.code, 0, rest.stderr);
    assert.match(rest.stderr, /made\.causal\.next-step: was done already/);
    assert.equal(cellsOf('stopped').length, 3);
    for (const result of resultsOf('stopped')) {
      const same = resultsOf('whole').find(({ key }) => isDeepStrictEqual(key, result.key));
      assert.deepEqual(result, same);
    }

    const again = await place.run('study', 'grid.yaml', '--out', 'whole');
    assert.equal(again.stdout, undisturbed.stdout, 'all is read, nothing is run again');
    assert.equal(again.stderr.match(/was done already/g)?.length, names.length - 1);
    const other = await place.run('study', 'grid.yaml', '--out', 'whole', '--set', 'seed=4');
    assert.equal(other.code, 2);
    assert.equal(
      other.stderr,
      'USAGE: "whole" holds the study of another configuration: seed differs. Choose another --out, or remove that folder.\n',
    );
  });

  it('leaves out what a trial has no time for, says so, and does that first when it has more', async () => {
    const sizes = ['--count', '60', '--min-length', '20', '--max-length', '60', '--classes', '2'];
    assert.equal((await place.run('data', 'synth', 'data/own', ...sizes)).code, 0);
    writeFileSync(place.path('own.yaml'), WARMING_GRID);
    const study = ['study', 'data/own', '--grid', 'own.yaml', '--out', 'short'];
    const { child, ended } = place.start(...study, '--minutes', '1.5');
    let said = '';
    child.stderr!.on('data', (part: string) => {
      said += part;
    });
    while (!said.includes(': begun') && child.exitCode === null) await wait(50);
    // A trial begins no run after 35 % of the time that is left.
    child.kill('SIGSTOP');
    await wait(0.35 * 90_000);
    child.kill('SIGCONT');
    const { code, stderr, stdout } = await ended;
    assert.equal(code, 0, stderr);
    assert.match(stderr, /^Left out for want of time: 1 of the 2 runs of this trial\.$/m);
    const [, done] = /^ {2}(\S+): begun$/m.exec(stderr)!;
    assert.match(stdout, /; no network was trained to the end\.$/m);
    const report = readFileSync(place.path('short', 'study.md'), 'utf8');
    assert.match(
      report,
      /\| trial 1 \| causal \| [a-z-]+ \| \d* \| [\d.]+ % \| [\d:]+ \| no time for more \|/,
    );
    assert.match(
      report,
      /\| trial 1 \| causal \| [a-z-]+ \| \d* \| {2}\| {2}\| left out for want of time \|/,
    );
    assert.match(readFileSync(place.path('short', 'study.html'), 'utf8'), /<\/html>\s*$/);

    const more = await place.run(...study, '--minutes', '60');
    assert.equal(more.code, 0, more.stderr);
    assert.match(more.stderr, new RegExp(`${done!.replaceAll('.', '\\.')}: was done already`));
    assert.match(more.stderr, /\.trial-1: begun\n(?:.*\n)*Final: \d+ runs/);
    const kinds = (place.json('short', 'stages.json') as { kind: string }[]).map(
      ({ kind }) => kind,
    );
    assert.deepEqual(kinds.slice(0, 2), ['trial', 'final']);
    const [, run, phase] = /^The best model is ready: (\S+?)(?:, phase (\S+))?\.$/m.exec(
      more.stdout,
    )!;
    const evaluated = await place.run('evaluate', run!, ...(phase ? ['--phase', phase] : []));
    assert.equal(evaluated.code, 0, evaluated.stderr);

    const again = await place.run(...study, '--minutes', '60');
    assert.equal(again.stdout, more.stdout);
    assert.doesNotMatch(again.stderr, /: begun$/m);
  });
});
