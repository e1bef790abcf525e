import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { openProgressDisplay, tokensPerSecond } from '../../../src/telemetry/progress-bar.ts';

/** Collects what is written; not a terminal. */
function sink() {
  const lines: string[] = [];
  const output = { isTTY: false, write: (text: string) => lines.push(text) };
  return { lines, output: output as unknown as NodeJS.WriteStream };
}

const step = (number: number) =>
  ({
    kind: 'step',
    step: number,
    sums: {},
    reports: [
      {
        phase: 'pretrain',
        metrics: { loss: 2 },
        tokens: 600,
        timings: { computeMs: 400, dataMs: 100 },
      },
      {
        phase: 'pretrain',
        metrics: { loss: 2 },
        tokens: 400,
        timings: { computeMs: 900, dataMs: 100 },
      },
    ],
  }) as const;

describe('without a terminal', () => {
  it('the first and the last step have a line, those between only now and then', () => {
    const { lines, output } = sink();
    const display = openProgressDisplay(5, output);
    for (let number = 0; number < 5; number++) display.show(step(number));
    assert.equal(lines.length, 2, lines.join(''));
    assert.match(lines[0]!, /^\[step 1\/5\] \d:\d\d<\? pretrain: loss 2 · 1000 tokens\/s\n$/);
    assert.match(lines[1]!, /^\[step 5\/5\] \d:\d\d<0:00 pretrain: loss 2 · 1000 tokens\/s\n$/);
  });

  it('evaluations and warnings have a line each, other events none', () => {
    const { lines, output } = sink();
    const display = openProgressDisplay(5, output);
    const event = { kind: 'event', rank: 0, step: 3 } as const;
    const metrics = { accuracy: 0.5 };
    display.show({
      ...event,
      payload: { kind: 'evaluation', phase: 'a', step: 4, metrics, better: true },
    });
    display.show({ ...event, payload: { kind: 'warning', text: 'Other numerics.' } });
    display.show({ ...event, payload: { kind: 'checkpoint', path: 'x' } });
    display.show({ kind: 'status', text: 'worker 0 is ready' });
    display.show({ kind: 'status', text: 'Lost worker 1.', isWarning: true });
    assert.deepEqual(lines, [
      '  a, validation after step 4: accuracy 0.5 · best so far\n',
      '  Warning: Other numerics.\n',
      '  Warning: Lost worker 1.\n',
    ]);
  });
});

describe('tokensPerSecond()', () => {
  it("is all ranks' tokens in the slowest rank's time", () => {
    assert.equal(tokensPerSecond(step(0).reports), 1000);
  });
});
