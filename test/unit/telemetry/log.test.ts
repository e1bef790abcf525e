import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { openLog } from '../../../src/telemetry/log.ts';

const folder = mkdtempSync(join(tmpdir(), 'lockstep-log-'));
after(() => rmSync(folder, { recursive: true }));

describe('openLog', () => {
  test('writes one line an entry with time and level, complete once it is closed', async () => {
    const log = openLog(join(folder, 'logs'), 'worker-0');
    log.info('joined\nthe run');
    for (let i = 0; i < 500; i++) log.warn('slow', { ms: i });
    log.error('lost', { stack: 'Error: lost\n    at f', cause: undefined });
    await log.close();
    const lines = readFileSync(join(folder, 'logs', 'worker-0.log'), 'utf8')
      .trimEnd()
      .split('\n');
    assert.equal(lines.length, 1 + 500 + 3);
    assert.match(lines[0]!, /^\d{4}-\d\d-\d\dT[\d:.]+Z info: joined the run$/);
    assert.match(lines[500]!, /warn: slow ms=499$/);
    assert.deepEqual(lines.slice(-2), ['Error: lost', '    at f']);
  });

  test('loses what would go to a file that a link leads to', async () => {
    const other = join(folder, 'precious');
    writeFileSync(other, 'mine');
    symlinkSync(other, join(folder, 'link.log'));
    const log = openLog(folder, 'link');
    log.info('lost');
    await log.close();
    assert.ok(log.lost > 0);
    assert.equal(readFileSync(other, 'utf8'), 'mine');
  });

  test('appends to the log of an earlier process', async () => {
    for (const text of ['first', 'second']) {
      const log = openLog(folder, 'coordinator');
      log.info(text);
      await log.close();
    }
    const lines = readFileSync(join(folder, 'coordinator.log'), 'utf8').trimEnd().split('\n');
    assert.deepEqual(
      lines.map((line) => line.split(': ')[1]),
      ['first', 'second'],
    );
  });
});
