import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Lifeline } from '../../../../src/worker/comm/lifeline.ts';

/** A lifeline on a clock and a parent that the test moves. */
function lifeline(expectedParent: number | null, waitMs = 0) {
  const world = { nowMs: 1000, parent: 42 };
  const line = new Lifeline(expectedParent, waitMs, {
    nowMs: () => world.nowMs,
    parentPid: () => world.parent,
  });
  /** Lets time pass in ticks of 250 ms, then asks. */
  const after = (ms: number) => {
    let result = line.check();
    for (let passed = 0; passed < ms && result === null; passed += 250) {
      world.nowMs += 250;
      result = line.check();
    }
    return result?.message ?? null;
  };
  return { line, world, after };
}

describe('Lifeline', () => {
  test('holds while the coordinator is heard', () => {
    const { line, after } = lifeline(42);
    for (let i = 0; i < 10; i++) {
      assert.equal(after(2500), null);
      line.heard();
    }
  });

  test('breaks after three seconds of silence', () => {
    const { line, after } = lifeline(null);
    line.heard();
    assert.equal(after(3000), null);
    assert.equal(after(250), 'Lost the coordinator: nothing was heard of it for 3000 ms.');
  });

  test('breaks only after the time that another coordinator is waited for', () => {
    const { line, after } = lifeline(42, 60_000);
    line.heard();
    assert.equal(after(60_000), null);
    line.heard();
    assert.equal(after(60_000), null);
    assert.equal(after(250), 'Lost the coordinator: nothing was heard of it for 60000 ms.');
  });

  test('gives the first word ten minutes: on a busy machine it takes long to connect', () => {
    const { after } = lifeline(null);
    assert.equal(after(600_000), null);
    assert.equal(after(250), 'Lost the coordinator: nothing was heard of it for 600000 ms.');
  });

  test('breaks at once when the parent process is gone', () => {
    const { world, after } = lifeline(42);
    world.parent = 1;
    assert.equal(after(0), 'Lost the coordinator: process 42, which started the run, is gone.');
  });

  test('does not look at the parent when something else started the process', () => {
    const { world, after } = lifeline(null);
    world.parent = 1;
    assert.equal(after(0), null);
  });

  test('gives messages time to be read after this process itself was stopped', () => {
    const { line, world, after } = lifeline(42);
    world.nowMs += 60_000;
    assert.equal(line.check(), null);
    line.heard();
    assert.equal(after(2500), null);
  });
});
