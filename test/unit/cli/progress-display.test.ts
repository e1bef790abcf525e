import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { openProgressDisplay } from '../../../src/cli/progress-display.ts';
import type { RunEvent } from '../../../src/telemetry/run-event.ts';

/** Collects what is written; not a terminal. */
function sink() {
  const lines: string[] = [];
  const write = (text: string) => {
    lines.push(text);
    return true;
  };
  return { lines, output: { isTTY: false, write } };
}

const step = (number: number): RunEvent => ({
  kind: 'step',
  step: number,
  phase: 'pretrain',
  learningRate: 0.01,
  metrics: { loss: 2, accuracy: Number.NaN },
  tokensPerSecond: 1000,
  isSkipped: false,
});

describe('without a terminal', () => {
  it('the first and the last step have a line, those between only now and then', () => {
    const { lines, output } = sink();
    const display = openProgressDisplay(5, output);
    for (let number = 1; number <= 5; number++) display.show(step(number));
    assert.equal(lines.length, 2, lines.join(''));
    assert.match(
      lines[0]!,
      /^\[step 1\/5\] \d:\d\d<\? pretrain: loss 2, accuracy NaN · 1000 tokens\/s\n$/,
    );
    assert.match(lines[1]!, /^\[step 5\/5\] \d:\d\d<0:00 pretrain: .* · 1000 tokens\/s\n$/);
  });

  it('evaluations, warnings and what a person waits for have a line each, other events none', () => {
    const { lines, output } = sink();
    const display = openProgressDisplay(5, output);
    const events: RunEvent[] = [
      { kind: 'evaluation', step: 4, phase: 'a', metrics: { accuracy: 0.5 }, isBest: true },
      { kind: 'checkpoint', step: 4, path: 'x' },
      { kind: 'status', text: 'worker 0 is ready', isDetail: true },
      { kind: 'status', text: 'Made 12 sequences.' },
      { kind: 'warning', text: 'Lost worker 1.' },
    ];
    for (const event of events) display.show(event);
    assert.deepEqual(lines, [
      '  a, validation after step 4: accuracy 0.5 · best so far\n',
      'Made 12 sequences.\n',
      '  Warning: Lost worker 1.\n',
    ]);
  });
});
