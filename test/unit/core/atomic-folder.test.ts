import assert from 'node:assert/strict';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { tidyAfterCrash, writeFolderAtomically } from '../../../src/core/atomic-folder.ts';
import { LockstepError } from '../../../src/core/errors.ts';
import { sha256 } from '../../../src/core/hash.ts';

const bytes = (text: string) => new TextEncoder().encode(text);

describe('writeFolderAtomically', () => {
  let parent: string;
  beforeEach(() => {
    parent = mkdtempSync(join(tmpdir(), 'atomic-'));
  });
  afterEach(() => rmSync(parent, { recursive: true }));

  it('shows the folder under its name only when every file is in it', async () => {
    const seen: string[][] = [];
    const written = await writeFolderAtomically(
      join(parent, 'a'),
      (writer) => writer.write('x.txt', [bytes('one '), bytes('two')]),
      { onStep: () => seen.push(readdirSync(parent).filter((name) => name === 'a')) },
    );
    assert.deepEqual(written, { sizeBytes: 7, sha256: sha256('one two') });
    assert.equal(readFileSync(join(parent, 'a', 'x.txt'), 'utf8'), 'one two');
    assert.deepEqual(readdirSync(parent), ['a']);
    assert.deepEqual(seen.at(0), []);
    assert.deepEqual(seen.at(-1), ['a']);
  });

  it('takes files that the caller wrote into the temporary folder', async () => {
    await writeFolderAtomically(join(parent, 'a'), async (writer) => {
      writeFileSync(join(writer.path, 'y.txt'), 'mine');
    });
    assert.equal(readFileSync(join(parent, 'a', 'y.txt'), 'utf8'), 'mine');
  });

  it('leaves nothing behind when filling fails', async () => {
    const failing = writeFolderAtomically(join(parent, 'a'), async (writer) => {
      await writer.write('x.txt', [bytes('half')]);
      throw new Error('no more');
    });
    await assert.rejects(failing, /no more/);
    assert.deepEqual(readdirSync(parent), []);
  });

  it('refuses to take the place of a folder unless told to', async () => {
    mkdirSync(join(parent, 'a'));
    writeFileSync(join(parent, 'a', 'old.txt'), 'old');
    const fill = async (writer: { write: (n: string, c: Uint8Array[]) => Promise<unknown> }) => {
      await writer.write('new.txt', [bytes('new')]);
    };
    await assert.rejects(writeFolderAtomically(join(parent, 'a'), fill));
    assert.deepEqual(readdirSync(join(parent, 'a')), ['old.txt']);
    await writeFolderAtomically(join(parent, 'a'), fill, { replace: true });
    assert.deepEqual(readdirSync(join(parent, 'a')), ['new.txt']);
    assert.deepEqual(readdirSync(parent), ['a']);
  });

  it('is done when the folder has its name, whatever the disk says of the last sync', async () => {
    const moved = `${parent}-moved`;
    mkdirSync(join(parent, 'a'));
    await writeFolderAtomically(
      join(parent, 'a'),
      (writer) => writer.write('x.txt', [bytes('new')]),
      { replace: true, onStep: (step) => step === 'rename' && renameSync(parent, moved) },
    );
    renameSync(moved, parent);
    assert.deepEqual(readdirSync(join(parent, 'a')), ['x.txt']);
    const [aside] = readdirSync(parent);
    assert.match(
      aside!,
      /^\.a\.old-/,
      'the old folder stays until it is sure that the new one does',
    );
    assert.deepEqual(await tidyAfterCrash(parent), [aside]);
  });

  it('says how much was written and needed when the disk is full', async () => {
    const full = Object.assign(new Error('write'), { code: 'ENOSPC' });
    const failing = writeFolderAtomically(
      join(parent, 'a'),
      async (writer) => {
        await writer.write('x', [new Uint8Array(2048)]);
        throw full;
      },
      { neededBytes: 3 * 1024 * 1024 },
    );
    await assert.rejects(failing, (error: unknown) => {
      assert.ok(error instanceof LockstepError);
      assert.equal(error.code, 'OUT_OF_RESOURCES');
      assert.match(
        error.message,
        /the file system is full \(ENOSPC\) after 2\.0 KiB of 3\.0 MiB; .+ are free/,
      );
      return true;
    });
    assert.deepEqual(readdirSync(parent), []);
  });

  it('says that a place cannot be written', async () => {
    writeFileSync(join(parent, 'file'), '');
    await assert.rejects(
      writeFolderAtomically(join(parent, 'file', 'a'), async () => {}),
      { code: 'USAGE' },
    );
  });
});

describe('tidyAfterCrash', () => {
  it('removes unfinished folders and gives an old one its name back', async () => {
    const parent = mkdtempSync(join(tmpdir(), 'atomic-'));
    const folders = [
      '.a.tmp-0123456789ab',
      '.b.old-0123456789ab',
      '.c.old-0123456789ab',
      'c',
      '.d',
    ];
    for (const name of folders) mkdirSync(join(parent, name));
    const tidied = await tidyAfterCrash(parent);
    assert.deepEqual(tidied.sort(), folders.slice(0, 3));
    assert.deepEqual(readdirSync(parent).sort(), ['.d', 'b', 'c']);
    rmSync(parent, { recursive: true });
  });

  it('finds nothing to do in a folder that is not there', async () => {
    assert.deepEqual(await tidyAfterCrash(join(tmpdir(), 'atomic-absent')), []);
  });
});
