import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  EventOutbox,
  MOST_EVENTS_WAITING,
} from '../../../../src/coordinator/supervisor/event-outbox.ts';
import type { RunEvent } from '../../../../src/telemetry/run-event.ts';

const status = (number: number): RunEvent => ({ kind: 'status', text: String(number) });

/** A reader that takes events when it is told to. */
function slowReader() {
  const sent: RunEvent[] = [];
  let waiting: (() => void)[] = [];
  const outbox = new EventOutbox((event) => {
    sent.push(event);
    return new Promise((resolve) => waiting.push(resolve));
  });
  const read = async () => {
    for (const resolve of waiting) resolve();
    waiting = [];
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { sent, outbox, read };
}

describe('events on their way to a reader', () => {
  it('keep their order', async () => {
    const { sent, outbox, read } = slowReader();
    for (let number = 0; number < 5; number++) outbox.tell(status(number));
    await read();
    assert.deepEqual(sent, [0, 1, 2, 3, 4].map(status));
  });

  it('are dropped while too many wait, and their number is told', async () => {
    const { sent, outbox, read } = slowReader();
    for (let number = 0; number < MOST_EVENTS_WAITING + 7; number++) outbox.tell(status(number));
    assert.equal(sent.length, MOST_EVENTS_WAITING);
    await read();
    outbox.tell(status(-1));
    assert.deepEqual(sent.slice(-2), [
      { kind: 'warning', text: '7 events were not shown: their reader was too slow.' },
      status(-1),
    ]);
  });
});
