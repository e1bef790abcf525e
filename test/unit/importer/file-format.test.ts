import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { type FolderOptions, importFolder } from '../../../src/importer/folder/import-folder.ts';
import { TEXT_41 } from '../../../src/importer/folder/symbol-map.ts';
import { collectItems, temporaryFolder } from '../data/sample-store.ts';

const { path, release } = temporaryFolder();
after(release);

/** A folder of one class. */
function folderOf(files: Readonly<Record<string, string | Uint8Array>>): string {
  const root = mkdtempSync(join(path, 'files-'));
  mkdirSync(join(root, 'a'));
  for (const [name, content] of Object.entries(files)) {
    writeFileSync(join(root, 'a', name), content);
  }
  return root;
}
const collect = (root: string, changes: Partial<FolderOptions> = {}) =>
  collectItems(
    importFolder({ root, classes: { by: 'folder', depth: 0 }, groups: { by: 'file' }, ...changes }),
  );

describe('a folder whose files hold their values in a format', () => {
  it('is refused, with the number of files and an example of each format', async () => {
    const root = folderOf({ '1.csv': 't,v', '2.CSV': 't,v', '3.bin': '\x93NUMPY', '4.bin': 'x' });
    writeFileSync(join(root, 'a', '3.bin'), Buffer.from('\x93NUMPY\x01', 'latin1'));
    await assert.rejects(collect(root), {
      code: 'USAGE',
      message: `Cannot import the files of "${root}" as bytes: among them are 2 CSV files (a/1.csv), 1 NumPy file (a/3.bin), whose bytes are not their values.`,
      advice: /or say --as bytes if their bytes are what you want\.$/,
    });
  });

  it('is read where bytes or text are asked for, or the files have no class or are excluded', async () => {
    const root = folderOf({ '1.csv': 't,v' });
    assert.equal((await collect(root, { anyBytes: true })).length, 1);
    assert.equal((await collect(root, { symbolMap: TEXT_41 })).length, 1);
    assert.equal((await collect(root, { exclude: ['1.csv'] })).length, 0);
    const byEnding = { by: 'ending', classes: { '.bin': 'b' } } as const;
    assert.equal((await collect(root, { classes: byEnding })).length, 0);
  });

  it('is asked of files only: an empty folder is refused before its options are', async () => {
    const root = folderOf({ '.hidden': 'x' });
    await assert.rejects(collect(root), {
      code: 'DATA_INVALID',
      message: `Cannot import "${root}": it holds no files.`,
    });
  });

  const STARTS: readonly [string, string | Uint8Array][] = [
    ['NumPy', Buffer.from('\x93NUMPY\x01\x00', 'latin1')],
    ['WAV', 'RIFF\x24\x00\x00\x00WAVEfmt '],
    ['compressed', gzipSync('text')],
    ['compressed', Buffer.of(0x28, 0xb5, 0x2f, 0xfd, 0)],
    ['compressed', 'PK\x03\x04'],
    ['FASTA', '>read 1 class=a\nACGTN\nAC\n'],
    ['FASTQ', '@read 1\r\nACGT\r\n+\r\n!!!!\r\n'],
    ['Parquet', 'PAR1'],
    ['Arrow', 'ARROW1\0\0'],
  ];
  for (const [format, start] of STARTS) {
    it(`is known by its first bytes: ${format}`, async () => {
      const message = new RegExp(`among them are 1 ${format} file \\(a/x\\)`);
      await assert.rejects(collect(folderOf({ x: start })), { code: 'USAGE', message });
    });
  }

  it('is no folder of other bytes', async () => {
    const starts = ['', '>', '@', '>a b', '@a\nb c', 'PK', 'RIFF', 'plain text', '\x1f\x8b'];
    const files = Object.fromEntries(starts.map((start, i) => [`${i}.dat`, start]));
    assert.equal((await collect(folderOf(files))).length, starts.length);
  });
});
