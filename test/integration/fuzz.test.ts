/** The short form of `npm run test:fuzz`: some thousand mutated frames, always the same. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { expectedState, FakeRunProcess } from '../../src/bench/faults/fake-run.ts';
import { bombard } from '../fuzz/bombard.ts';
import { fuzzDecoders } from '../fuzz/decoders.ts';

describe('mutated frames', () => {
  test('are refused by every decoder, or are messages', () => {
    fuzzDecoders(2000, 1, () => {});
  });

  test('at its ports leave a run as it would have been', async () => {
    const run = new FakeRunProcess({ transport: 'tcp', totalSteps: 100_000, stepMs: 5 });
    try {
      const [first, second] = await run.pids();
      await run.line('step');
      const pids = { coordinator: run.coordinatorPid, workers: [first!, second!] };
      await bombard({ ...pids, connections: 60, frames: 600, seed: 1 });
      run.process.kill('SIGTERM');
      assert.equal(await run.exit(), 143, run.stderr);
      const { outcome } = await run.line('outcome');
      assert.equal(outcome.stateHash, await expectedState(run.run, outcome.step));
      const told = (wanted: RegExp) => run.line('status', ({ text }) => wanted.test(text));
      await told(
        /^refused in all: [1-9]\d* connections, 0 of them with a wrong key, and [1-9]\d* frames$/,
      );
      const { payload } = await run.line('event', ({ payload: { kind } }) => kind === 'refused');
      assert.match(String(payload.text), /connection/);
      await run.nothingIsLeft();
    } finally {
      await run.cleanUp();
    }
  });
});
