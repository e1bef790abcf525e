import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { PatientWriter } from '../../../src/core/patient-writer.ts';

let folder: string;
let pipe: number;
let reader: number;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'patient-'));
  const path = join(folder, 'pipe');
  execFileSync('mkfifo', [path]);
  // For reading and writing: whoever writes waits while it is full.
  pipe = openSync(path, 'r+');
  reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
});
afterEach(() => {
  closeSync(pipe);
  closeSync(reader);
  rmSync(folder, { recursive: true });
});

/** What is in the pipe now. */
function read(): string {
  const bytes = Buffer.alloc(1 << 20);
  try {
    return bytes.toString('utf8', 0, readSync(reader, bytes, 0, bytes.length, null));
  } catch {
    return ''; // EAGAIN: it is empty.
  }
}

describe('a writer that waits for nobody', () => {
  it('writes in order what is written in one turn of the event loop', async () => {
    const writer = new PatientWriter(pipe);
    writer.write('one, ');
    writer.write('two');
    assert.ok(await writer.settled());
    assert.equal(read(), 'one, two');
    assert.equal(writer.lost, 0);
  });

  it('does not hold the process up while its reader stands still, and keeps little', async () => {
    const writer = new PatientWriter(pipe);
    const frame = 'x'.repeat(50_000);
    let turns = 0;
    for (; turns < 20; turns++) {
      writer.write(`${turns}${frame}`);
      await wait(1);
    }
    assert.equal(turns, 20, 'the event loop went on');
    assert.equal(await writer.settled(1), false, 'something still waits');
    let text = '';
    let isDone = false;
    const settled = writer.settled().then(() => {
      isDone = true;
    });
    for (let part = read(); !isDone || part !== ''; part = read()) {
      text += part;
      await wait(5);
    }
    await settled;
    assert.ok(text.length < 10 * frame.length, 'old frames were dropped');
    assert.ok(text.endsWith(`19${frame}`), 'the newest one was kept');
    const shown = text.match(/\d+/g)!.length;
    assert.equal(writer.lost, 20 - shown, 'each is shown or counted');
  });

  for (const [what, fd, code] of [
    ['whose reader is gone', () => 999, 'EBADF'],
    ['on a full disk', () => openSync('/dev/full', 'a'), 'ENOSPC'],
  ] as const) {
    it(`counts what a file ${what} refuses, and goes on`, async () => {
      const writer = new PatientWriter(fd());
      for (const text of ['one', 'two']) {
        writer.write(text);
        assert.ok(await writer.settled());
      }
      assert.equal(writer.lost, 2);
      assert.equal((writer.failure as NodeJS.ErrnoException).code, code);
    });
  }
});
