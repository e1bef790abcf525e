import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { openMetrics } from '../../../src/telemetry/metrics.ts';

const folder = mkdtempSync(join(tmpdir(), 'lockstep-metrics-'));
after(() => rmSync(folder, { recursive: true }));

describe('openMetrics', () => {
  test('appends one JSON line an entry, also to what is there', async () => {
    const path = join(folder, 'new', 'metrics.jsonl');
    for (const step of [1, 2]) {
      const metrics = openMetrics(path);
      metrics.append({ step, text: 'two\nlines' });
      await metrics.close();
    }
    const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
    assert.deepEqual(
      lines.map((line) => JSON.parse(line).step),
      [1, 2],
    );
  });

  test('ends the line that a killed process left unfinished', async () => {
    const path = join(folder, 'torn.jsonl');
    writeFileSync(path, '{"step":1}\n{"st');
    const metrics = openMetrics(path);
    metrics.append({ step: 2 });
    await metrics.close();
    assert.equal(readFileSync(path, 'utf8'), '{"step":1}\n{"st\n{"step":2}\n');
  });

  test('counts what it cannot write and does not throw', async () => {
    const metrics = openMetrics('/dev/full');
    metrics.append({ step: 1 });
    metrics.append({ step: 2 });
    assert.equal(metrics.lost, 2);
    await metrics.close();
  });
});
