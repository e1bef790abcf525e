import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { patientOutput } from '../../../src/cli/patient-output.ts';

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

describe('output that waits for nobody', () => {
  it('writes in order what is written in one turn of the event loop', async () => {
    const output = patientOutput(pipe, {});
    output.write('one, ');
    output.write('two');
    await output.flushed();
    assert.equal(read(), 'one, two');
  });

  it('does not hold the process up while its reader stands still, and keeps little', async () => {
    const output = patientOutput(pipe, { isTTY: true, columns: 80 });
    const frame = 'x'.repeat(50_000);
    let turns = 0;
    for (; turns < 20; turns++) {
      output.write(`${turns}${frame}`);
      await wait(1);
    }
    assert.equal(turns, 20, 'the event loop went on');
    let text = '';
    let isDone = false;
    const flushed = output.flushed().then(() => {
      isDone = true;
    });
    for (let part = read(); !isDone || part !== ''; part = read()) {
      text += part;
      await wait(5);
    }
    await flushed;
    assert.ok(text.length < 10 * frame.length, 'old frames were dropped');
    assert.ok(text.endsWith(`19${frame}`), 'the newest one was kept');
  });

  it('ends without an error when the reader is gone', async () => {
    const output = patientOutput(999, {});
    output.write('nobody reads this');
    await output.flushed();
  });
});
