import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { lastLines, openMetrics } from '../../../src/telemetry/metrics.ts';

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

  test('writes to no file that a link leads to', () => {
    const [path, other] = [join(folder, 'link.jsonl'), join(folder, 'precious')];
    writeFileSync(other, 'mine');
    symlinkSync(other, path);
    assert.throws(() => openMetrics(path), { code: 'ELOOP' });
    assert.equal(readFileSync(other, 'utf8'), 'mine');
  });

  test('counts what it cannot write and does not throw', async () => {
    const metrics = openMetrics('/dev/full');
    metrics.append({ step: 1 });
    metrics.append({ step: 2 });
    assert.equal(metrics.lost, 2);
    await metrics.close();
  });
});

describe('lastLines', () => {
  test('are read from the end, newest first, up to one that is damaged', () => {
    const path = join(folder, 'tail.jsonl');
    writeFileSync(path, '{"step":1}\n{"st\n{"step":2}\n{"step":3}\n');
    assert.deepEqual(lastLines(path), [{ step: 3 }, { step: 2 }]);
    writeFileSync(path, '');
    assert.deepEqual(lastLines(path), []);
  });

  test('of a long file are those of its last megabyte, whole ones only', () => {
    const path = join(folder, 'long.jsonl');
    const lines = Array.from({ length: 30_000 }, (_, step) =>
      JSON.stringify({ step, text: 'x'.repeat(50) }),
    );
    writeFileSync(path, `${lines.join('\n')}\n`);
    const read = lastLines(path);
    assert.ok(read.length > 10_000 && read.length < 30_000);
    assert.deepEqual(
      read.map(({ step }) => step),
      Array.from(read, (_, i) => 29_999 - i),
    );
  });
});
