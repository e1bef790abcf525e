import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Pulse } from '../../../src/coordinator/supervisor/pulse.ts';
import { START_UP_MS } from '../../../src/protocol/timing.ts';

const SILENCE_MS = 10_000;

/** A pulse on a clock that the test moves, in ticks of 250 ms. */
function pulse() {
  let nowMs = 500;
  const made = new Pulse(SILENCE_MS, nowMs);
  const after = (ms: number) => {
    let why: string | null = null;
    for (let passed = 0; passed < ms && why === null; passed += 250) {
      nowMs += 250;
      why = made.check(nowMs);
    }
    return why;
  };
  const stopFor = (ms: number) => {
    nowMs += ms;
    return made.check(nowMs);
  };
  return { after, stopFor, speak: () => made.heard(nowMs) };
}

describe("a coordinator's pulse", () => {
  test('may begin as late as a program takes to load on a busy machine', () => {
    const { after, speak } = pulse();
    assert.equal(after(START_UP_MS), null);
    speak();
    assert.equal(after(SILENCE_MS), null);
  });

  test('is lost after ten minutes without a first word', () => {
    const { after } = pulse();
    assert.equal(after(START_UP_MS), null);
    assert.equal(after(250), 'had not started within 600000 ms');
  });

  test('is lost after ten seconds of silence once there was a first word', () => {
    const { after, speak } = pulse();
    speak();
    assert.equal(after(SILENCE_MS), null);
    assert.equal(after(250), 'said nothing for 10000 ms');
  });

  test('does not count the time in which the supervisor itself was stopped', () => {
    const { after, speak, stopFor } = pulse();
    speak();
    assert.equal(stopFor(60_000), null);
    assert.equal(after(SILENCE_MS), null);
  });
});
