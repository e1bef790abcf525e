/** What must be a file is opened as one, whatever lies in its place: a pipe would keep a reader for ever. */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  constants,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { readManifest } from '../../../src/checkpoint/manifest.ts';
import { readSafetensors } from '../../../src/checkpoint/safetensors.ts';
import { lockFolder } from '../../../src/core/folder-lock.ts';
import { sha256OfFile } from '../../../src/core/hash.ts';
import { openFile, readPipedTextSync, readTextSync } from '../../../src/core/read-file.ts';
import { openStore } from '../../../src/data/format/open-store.ts';
import { readTrainingData } from '../../../src/data/training-data.ts';
import { loadRunConfig } from '../../../src/run/config.ts';
import { readRunConfig } from '../../../src/run/folder.ts';

let folder: string;
const at = (name: string) => join(folder, name);
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'read-'));
  execFileSync('mkfifo', ['pipe', 'lock', 'manifest.json', 'data.json', 'config.yaml'].map(at));
  mkdirSync(at('folder'));
  symlinkSync('pipe', at('link'));
  writeFileSync(at('file'), 'text');
});
after(() => rmSync(folder, { recursive: true }));

describe('a pipe, a device or a folder in the place of a file', () => {
  it('is refused at once', async () => {
    for (const path of [at('pipe'), at('link'), at('folder'), '/dev/zero']) {
      const refused = { code: path === at('folder') ? 'EISDIR' : 'ERR_NOT_A_FILE', path };
      await assert.rejects(openFile(path), refused);
      assert.throws(() => readTextSync(path), refused);
    }
    assert.equal(readTextSync(at('file')), 'text');
  });

  it('is none of the files of a run, a checkpoint or a dataset', async () => {
    assert.throws(() => lockFolder(folder), {
      code: 'USAGE',
      message: `Cannot use "${folder}": "${at('lock')}" is no file, which a lock must be.`,
    });
    assert.throws(() => readTrainingData(folder), { code: 'ERR_NOT_A_FILE' });
    assert.throws(() => readRunConfig(folder), { code: 'CONFIG_INVALID' });
    await assert.rejects(readManifest(folder), { code: 'CHECKPOINT_NOT_FOUND' });
    await assert.rejects(readSafetensors(at('pipe')), { code: 'CHECKPOINT_NOT_FOUND' });
    await assert.rejects(openStore(folder), { code: 'ERR_NOT_A_FILE' });
    await assert.rejects(sha256OfFile(at('pipe')), { code: 'ERR_NOT_A_FILE' });
  });

  it('is no lock even as a link that leads nowhere', () => {
    rmSync(at('lock'));
    symlinkSync('nowhere', at('lock'));
    assert.throws(() => lockFolder(folder), { code: 'USAGE' });
  });
});

describe('a text', () => {
  it('of more than 256 MiB is none', () => {
    writeFileSync(at('huge'), '');
    truncateSync(at('huge'), 2 ** 28 + 1);
    assert.throws(() => readTextSync(at('huge')), { code: 'ERR_FS_FILE_TOO_LARGE' });
  });

  it('may come through a pipe that somebody writes to, in his own time', async () => {
    const reader = openSync(at('pipe'), constants.O_RDONLY | constants.O_NONBLOCK);
    const script = `exec 3> "$0"; echo open; sleep 0.2; printf 'a: 1' >&3`;
    const writer = spawn('sh', ['-c', script, at('pipe')], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(writer.stdout, 'data');
    assert.equal(readPipedTextSync(at('pipe'), 100), 'a: 1');
    closeSync(reader);
  });

  it('is empty where nobody writes to the pipe', () => {
    assert.throws(() => loadRunConfig(at('pipe')), { code: 'CONFIG_INVALID' });
  });
});
