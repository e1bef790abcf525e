import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { dataSection } from '../../../../src/config/data-section.ts';
import { LockstepError } from '../../../../src/core/errors.ts';
import { openStore } from '../../../../src/data/format/open-store.ts';
import { reportError } from '../../../../src/launch/exit.ts';
import { openMetrics } from '../../../../src/telemetry/metrics.ts';
import type { RunEvent } from '../../../../src/telemetry/run-event.ts';
import { ensureStore } from '../../../../src/workflow/train/ensure-store.ts';
import { recordEvent } from '../../../../src/workflow/train/run-files.ts';
import { temporaryFolder } from '../../data/sample-store.ts';

let folder: ReturnType<typeof temporaryFolder>;
beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(() => folder.release());

describe('recordEvent()', () => {
  it('has a line for a step, counted from 1, and for an event; none for a status', async () => {
    const file = join(folder.path, 'metrics.jsonl');
    const metrics = openMetrics(file);
    const report = (tokens: number) => ({
      phase: 'a',
      stepInPhase: 4,
      learningRate: 0.1,
      metrics: { loss: 2 },
      tokens,
      positions: tokens + 1,
      timings: { computeMs: 500 },
    });
    recordEvent(metrics, { kind: 'status', text: 'rank 0 is ready' });
    recordEvent(metrics, { kind: 'step', step: 7, sums: {}, reports: [report(10), report(20)] });
    recordEvent(metrics, {
      kind: 'event',
      rank: 0,
      step: 8,
      payload: { kind: 'checkpoint', path: 'x' },
    });
    recordEvent(metrics, { kind: 'event', rank: 0, step: 8, payload: { other: 1 } });
    await metrics.close();
    const lines = readFileSync(file, 'utf8').trim().split('\n');
    const [first, ...others] = lines.map((line) => JSON.parse(line));
    const { time, ...step } = first;
    assert.match(time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    assert.deepEqual(
      [step, ...others],
      [
        {
          kind: 'step',
          step: 8,
          phase: 'a',
          stepInPhase: 4,
          learningRate: 0.1,
          metrics: { loss: 2 },
          tokens: [10, 20],
          positions: [11, 21],
          timings: [{ computeMs: 500 }, { computeMs: 500 }],
          tokensPerSecond: 60,
        },
        { kind: 'checkpoint', path: 'x' },
        { kind: 'event', other: 1 },
      ],
    );
  });
});

describe('recordEvent() of a skipped step', () => {
  it('says so, with where the numbers are that are not finite', async () => {
    const file = join(folder.path, 'metrics.jsonl');
    const metrics = openMetrics(file);
    const where = { rank: 1, microBatch: 5, sequences: [3, 8], layer: 'encoder' };
    const reports = [{ phase: 'a' }, { phase: 'a', nonFinite: [{ ...where, text: 'a sentence' }] }];
    recordEvent(metrics, { kind: 'step', step: 7, sums: { skipped: 1 }, reports });
    await metrics.close();
    const line = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
    assert.equal(line.skipped, true);
    assert.deepEqual(line.nonFinite, [where]);
  });
});

describe('ensureStore()', () => {
  const synthetic = { count: 12, classes: 2, symbols: 300, length: { minimum: 4, maximum: 9 } };
  const sectionOf = (change: object = {}) =>
    dataSection.parse({ store: join(folder.path, 'data'), synthetic, ...change });

  it('makes an absent synthetic dataset once, and says so', async () => {
    const data = sectionOf();
    const said: string[] = [];
    const onEvent = (event: RunEvent) => void ('text' in event && said.push(event.text));
    await ensureStore({ data }, { onEvent });
    await ensureStore({ data }, { onEvent });
    assert.equal(said.length, 1);
    assert.match(said[0]!, /^Made 12 synthetic sequences \(\d+ timesteps\) in .*data\.$/);
    const store = await openStore(data.store);
    assert.equal(store.manifest.valueType, 'uint16');
    await store.close();
  });

  it('makes nothing that is not synthetic', async () => {
    const data = sectionOf({ synthetic: undefined });
    await ensureStore({ data }, { onEvent: () => assert.fail('there is nothing to say') });
    assert.equal(existsSync(data.store), false);
  });
});

describe('reportError()', () => {
  const written = (thrown: unknown) => {
    const { write } = process.stderr;
    let text = '';
    process.stderr.write = ((chunk: string) => {
      text += chunk;
      return true;
    }) as typeof write;
    try {
      return [reportError(thrown), text] as const;
    } finally {
      process.stderr.write = write;
    }
  };

  it('prints one line for what a person can meet, and gives its exit code', () => {
    const error = new LockstepError('DATA_INVALID', 'Two\nlines.', 'Do this.');
    assert.deepEqual(written(error), [3, 'DATA_INVALID: Two lines. Do this.\n']);
  });

  it('adds the stack to a defect', () => {
    const [code, text] = written(new TypeError('x is undefined'));
    assert.equal(code, 1);
    assert.match(
      text,
      /^UNEXPECTED: x is undefined This is a defect: .*\nTypeError: x is undefined\n +at /,
    );
    assert.match(written('a text')[1], /^UNEXPECTED: a text This is a defect: [^\n]*\n$/);
  });
});
