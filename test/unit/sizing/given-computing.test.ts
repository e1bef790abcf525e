import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { computingOfRun } from '../../../src/sizing/given-computing.ts';

describe('computingOfRun()', () => {
  const run = mkdtempSync(join(tmpdir(), 'lockstep-test-'));
  after(() => rmSync(run, { recursive: true }));

  /** A step of two workers. */
  const stepOf = (computeMs: readonly [number, number]): string =>
    JSON.stringify({
      kind: 'step',
      phase: 'train',
      positions: [100, 100],
      timings: computeMs.map((ms) => ({ computeMs: ms, applyMs: 2 })),
    });
  const write = (lines: readonly string[]): void =>
    writeFileSync(join(run, 'metrics.jsonl'), lines.map((line) => `${line}\n`).join(''));

  it('is the pace of its workers after the first steps, and that of the slower one', () => {
    write([...Array(5).fill(stepOf([900, 900])), stepOf([10, 30]), stepOf([30, 10])]);
    const { gradients, applyMs, spread } = computingOfRun(run, 'train');
    assert.deepEqual(gradients, [{ paddedLength: 1, msPerPosition: 0.2 }]);
    assert.equal(applyMs, 2);
    assert.equal(spread, 1.5);
  });

  it('is read where the run was killed within a line and resumed', () => {
    write([...Array(5).fill(stepOf([9, 9])), '{"kind":"st', stepOf([10, 10]), '{"kind":"ev']);
    assert.equal(computingOfRun(run, 'train').gradients[0]!.msPerPosition, 0.1);
  });

  it('is refused for a run without such steps, and for none', () => {
    write(Array(5).fill(stepOf([9, 9])));
    assert.throws(() => computingOfRun(run, 'train'), { code: 'RUN_NOT_FOUND' });
    assert.throws(() => computingOfRun(join(run, 'none'), 'train'), { code: 'RUN_NOT_FOUND' });
  });
});
