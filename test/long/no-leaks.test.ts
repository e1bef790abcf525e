/** What a process holds after many changes of membership: files, mappings, threads and memory, of those that stay. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { expectedState, FakeRunProcess } from '../../src/bench/faults/fake-run.ts';
import { deadline } from '../helper/slowness.ts';

/** Deaths of one worker, and of the coordinator; the first ones are let pass before anything is counted. */
const CHANGES = Number(process.env.LOCKSTEP_CHANGES ?? 12);
const SETTLED = 4;

interface Held {
  readonly files: number;
  readonly sharedMappings: number;
  readonly threads: number;
  readonly residentMiB: number;
}

function heldBy(pid: number): Held {
  const maps = readFileSync(`/proc/${pid}/maps`, 'utf8').split('\n');
  const pages = Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]);
  return {
    files: readdirSync(`/proc/${pid}/fd`).length,
    sharedMappings: maps.filter((line) => line.includes('memfd:lockstep')).length,
    threads: readdirSync(`/proc/${pid}/task`).length,
    residentMiB: Math.round((pages * 4096) / 2 ** 20),
  };
}

test('workers that stay hold no more after many changes than after a few', {
  timeout: deadline(60_000 + CHANGES * 20_000),
}, async (t) => {
  const run = new FakeRunProcess({
    ...{ workers: 3, totalSteps: 1_000_000, stepMs: 50, microBatches: 6, length: 300_000 },
    ...{ healthyMs: 0, elasticity: { maxRestarts: 3 } },
  });
  /** Until all three have done some steps together since now. */
  const together = async (): Promise<void> => {
    const from = run.lines.length;
    let seen = 0;
    await run.line('step', (line) => {
      if (run.lines.indexOf(line) >= from && line.reports.length === 3) seen++;
      return seen > 3;
    });
  };
  try {
    await together();
    const [first] = await run.pids();
    let settled: Held | undefined;
    for (let change = 0; change < CHANGES; change++) {
      process.kill(change % 3 === 2 ? run.coordinatorPid : run.pidIn(1), 'SIGKILL');
      await run.line(
        'status',
        ({ text }) => text.startsWith('Lost') || text.startsWith('The coor'),
      );
      await together();
      if (change === SETTLED) settled = heldBy(first!);
    }
    const last = heldBy(first!);
    t.diagnostic(`after ${SETTLED + 1} and ${CHANGES} changes: ${JSON.stringify([settled, last])}`);
    const grown = (what: keyof Held) => last[what] - settled![what];
    assert.ok(grown('threads') <= 0, 'threads');
    // Fewer than a generation has: not all are made in its first steps, nor gone at once with the one before.
    assert.ok(grown('sharedMappings') <= 16, 'shared mappings');
    assert.ok(grown('files') <= 8, 'files');
    assert.ok(last.residentMiB < settled!.residentMiB + 100);
    run.process.kill('SIGTERM');
    assert.equal(await run.exit(), 143, run.stderr);
    const { outcome } = await run.line('outcome');
    assert.equal(outcome.stateHash, await expectedState(run.run, outcome.step));
    await run.nothingIsLeft();
  } finally {
    await run.cleanUp();
  }
});
