import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Watchdog } from '../../../../src/worker/comm/watchdog.ts';

const LOST = { code: 'WORKER_LOST', message: 'Lost rank 1.', advice: 'Resume.' } as const;

describe('Watchdog', () => {
  test('kills a process whose main thread takes no notice, with the reason', (context) => {
    context.mock.timers.enable({ apis: ['setTimeout'] });
    const lines: (string | null)[] = [];
    new Watchdog((line) => lines.push(line)).arm(LOST);
    context.mock.timers.tick(999);
    assert.deepEqual(lines, []);
    context.mock.timers.tick(1);
    const line = `WORKER_LOST: Lost rank 1. Resume. (Process ${process.pid} is killed: its main thread is blocked.)`;
    assert.deepEqual(lines, [line]);
  });

  test('gives a main thread that took notice some more time, then kills without a second line', (context) => {
    context.mock.timers.enable({ apis: ['setTimeout'] });
    const lines: (string | null)[] = [];
    const resort = new Watchdog((line) => lines.push(line));
    resort.arm(LOST);
    resort.noticed();
    context.mock.timers.tick(2499);
    assert.deepEqual(lines, []);
    context.mock.timers.tick(1);
    assert.deepEqual(lines, [null]);
  });

  test('does nothing once disarmed', (context) => {
    context.mock.timers.enable({ apis: ['setTimeout'] });
    const lines: (string | null)[] = [];
    const resort = new Watchdog((line) => lines.push(line));
    resort.arm(LOST);
    resort.disarm();
    context.mock.timers.tick(10_000);
    assert.deepEqual(lines, []);
  });
});
