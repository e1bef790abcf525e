import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { LockstepError } from '../../../src/core/errors.ts';
import { printable } from '../../../src/core/printable.ts';
import { exitLine } from '../../../src/launch/exit.ts';
import { openLog } from '../../../src/telemetry/log.ts';

const EVIL = 'a\u001b[2Jb\u009b31mc\u0007d\u202ee\r';
const SAFE = 'a\\x1b[2Jb\\x9b31mc\\x07d\\u202ee\\x0d';

describe('printable', () => {
  test('keeps what people write, line breaks and tabs', () => {
    const text = 'Größe\t日本 🙂\n';
    assert.equal(printable(text), text);
  });

  test('spells out what would command a terminal', () => assert.equal(printable(EVIL), SAFE));

  test('is what errors, logs and the last line of a run say', async () => {
    assert.equal(new LockstepError('USAGE', EVIL, 'Do.').toLine(), `USAGE: ${SAFE} Do.`);
    const folder = mkdtempSync(join(tmpdir(), 'lockstep-test-'));
    const log = openLog(folder, 'a');
    log.info(EVIL, { name: EVIL });
    await log.close();
    const written = readFileSync(join(folder, 'a.log'), 'utf8');
    rmSync(folder, { recursive: true });
    assert.ok(written.includes(SAFE));
    const exit = exitLine({ code: 7, reason: EVIL, lastCheckpoint: null, runFolder: 'r' });
    for (const text of [written, exit])
      assert.doesNotMatch(text, /(?!\n)[\p{Cc}\p{Bidi_Control}]/u);
  });
});
