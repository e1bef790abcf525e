import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readerEvent, revived } from '../../../src/telemetry/reader-event.ts';
import { tokensPerSecond } from '../../../src/telemetry/tokens-per-second.ts';

const report = (tokens: number, computeMs: number) => ({
  phase: 'pretrain',
  learningRate: 0.01,
  metrics: { loss: 2, accuracy: null },
  tokens,
  timings: { computeMs, dataMs: 100 },
});
const step = (number: number) =>
  ({
    kind: 'step',
    step: number,
    sums: {},
    reports: [report(600, 400), report(400, 900)],
  }) as const;

describe('what a reader gets of what a coordinator knows', () => {
  const told = { kind: 'event', rank: 0, step: 3 } as const;

  it('is a step done, with the metrics of all workers', () => {
    assert.deepEqual(readerEvent(step(0)), {
      kind: 'step',
      step: 1,
      phase: 'pretrain',
      learningRate: 0.01,
      metrics: { loss: 2, accuracy: Number.NaN },
      tokensPerSecond: 1000,
      isSkipped: false,
    });
  });

  it('is an evaluation, the end of a phase, a checkpoint, a warning', () => {
    const payloads = [
      { kind: 'evaluation', step: 4, phase: 'a', metrics: { loss: 1 }, better: true },
      { kind: 'phaseEnd', step: 4, phase: 'a' },
      { kind: 'checkpoint', step: 4, path: 'x' },
      { kind: 'warning', text: 'Other numerics.' },
    ];
    assert.deepEqual(
      payloads.map((payload) => readerEvent({ ...told, payload })),
      [
        { kind: 'evaluation', step: 4, phase: 'a', metrics: { loss: 1 }, isBest: true },
        { kind: 'phaseEnd', step: 4, phase: 'a' },
        { kind: 'checkpoint', step: 4, path: 'x' },
        { kind: 'warning', text: 'Other numerics.' },
      ],
    );
  });

  it('is a decision, as a detail unless it warns', () => {
    const text = 'Lost worker 1.';
    assert.deepEqual(readerEvent({ kind: 'status', text }), {
      kind: 'status',
      text,
      isDetail: true,
    });
    assert.deepEqual(readerEvent({ kind: 'status', text, isWarning: true }), {
      kind: 'warning',
      text,
    });
  });
});

describe('an event that crossed between processes as JSON', () => {
  it('has NaN where it had it', () => {
    const event = readerEvent(step(0))!;
    assert.deepEqual(revived(JSON.parse(JSON.stringify(event))), event);
  });
});

describe('tokensPerSecond()', () => {
  it("is all ranks' tokens in the slowest rank's time", () => {
    assert.equal(tokensPerSecond(step(0).reports), 1000);
  });
});
