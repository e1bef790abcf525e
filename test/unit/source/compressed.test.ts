import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { importCsv } from '../../../src/formats/csv/import-csv.ts';
import { contentName, readBytes } from '../../../src/source/file/compressed.ts';
import { openRandomAccess } from '../../../src/source/file/scratch-file.ts';
import { collectItems, temporaryFolder } from '../data/sample-store.ts';

const { path: folder, release } = temporaryFolder();
after(release);

const file = (name: string, bytes: Uint8Array | string): string => {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
};
const read = async (path: string) => Buffer.concat(await collectItems(readBytes(path)));

const TABLE = 'id,values,kind\na,1 2 3,x\nb,4 5,y\n';
/** `TABLE` by the program zstd: one frame with a checksum. */
const ZSTD = Buffer.from(
  'KLUv/SQhCQEAaWQsdmFsdWVzLGtpbmQKYSwxIDIgMyx4CmIsNCA1LHkK08X1Lw==',
  'base64',
);
const SKIPPABLE_FRAME = Buffer.from('\x50\x2a\x4d\x18\x03\0\0\0abc', 'latin1');
/** Longer than the chunks in which files are read. */
const LONG = Buffer.from(Array.from({ length: 300_000 }, (_, i) => (i * i) % 251));

describe('the content of a file', () => {
  it('is not what Git LFS has in its place', async () => {
    const pointer = 'version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n';
    const refused = {
      code: 'DATA_INVALID',
      message: /it is a Git LFS pointer/,
      advice: /git lfs pull/,
    };
    for (const name of ['a.npy', 'a.wav', 'a.csv.gz']) {
      await assert.rejects(read(file(name, pointer)), refused);
    }
    await assert.rejects(openRandomAccess(file('a.parquet', pointer)), refused);
  });

  it('is what lies in a .gz file, of all its members', async () => {
    const members = [gzipSync(TABLE), gzipSync(LONG, { level: 0 }), gzipSync('end')];
    const padded = Buffer.concat([...members, Buffer.alloc(70_000)]);
    const content = Buffer.concat([Buffer.from(TABLE), LONG, Buffer.from('end')]);
    assert.deepEqual(await read(file('a.gz', Buffer.concat(members))), content);
    assert.deepEqual(await read(file('a.GZ', padded)), content);
  });

  it('is what lies in a .zst file, of all its frames', async () => {
    const frames = Buffer.concat([ZSTD, SKIPPABLE_FRAME, ZSTD]);
    assert.equal((await read(file('a.zst', ZSTD))).toString(), TABLE);
    assert.equal((await read(file('b.zst', frames))).toString(), TABLE + TABLE);
  });

  it('is what lies in any other file', async () => {
    assert.deepEqual(await read(file('plain', LONG)), LONG);
    assert.equal((await read(file('empty', ''))).length, 0);
  });

  it('has the name without .gz and .zst', () => {
    assert.deepEqual(['a.csv.gz', 'a.csv.ZST', 'a.csv'].map(contentName), Array(3).fill('a.csv'));
  });
});

describe('a damaged archive', () => {
  const refusal = (path: string, kind: string) => ({
    code: 'DATA_INVALID',
    message: new RegExp(`^Cannot read "${path}": the ${kind} archive is damaged or cut off \\(`),
    advice: 'Copy or download the file again.',
  });

  it('is refused wherever it is cut off', async () => {
    const two = Buffer.concat([gzipSync(TABLE), gzipSync('more')]);
    for (let end = 4; end < two.length; end++) {
      if (end === gzipSync(TABLE).length) continue;
      const path = file('cut.gz', two.subarray(0, end));
      await assert.rejects(read(path), refusal(path, 'gzip'), `${end} bytes`);
    }
    for (let end = 4; end < ZSTD.length; end++) {
      const path = file('cut.zst', ZSTD.subarray(0, end));
      await assert.rejects(read(path), refusal(path, 'zstd'), `${end} bytes`);
    }
  });

  it('is refused where a value was changed or other bytes follow', async () => {
    for (const [kind, name, bytes] of [
      ['gzip', 'x.gz', gzipSync(TABLE, { level: 0 }).fill(0x39, 30, 31)],
      ['zstd', 'x.zst', Buffer.from(ZSTD).fill(0x39, 26, 27)],
      ['gzip', 'y.gz', Buffer.concat([gzipSync(TABLE), Buffer.from('more')])],
      ['gzip', 'z.gz', Buffer.concat([gzipSync(TABLE), Buffer.alloc(9), gzipSync(TABLE)])],
      ['zstd', 'y.zst', Buffer.concat([ZSTD, Buffer.from('more')])],
    ] as const) {
      const path = file(name, bytes);
      await assert.rejects(read(path), refusal(path, kind), name);
    }
  });

  it('is refused where its name says otherwise', async () => {
    const cases = [
      ['a.csv', gzipSync(TABLE), 'it is a gzip archive, but its name does not end in .gz.'],
      ['b.csv', ZSTD, 'it is a zstd archive, but its name does not end in .zst.'],
      ['c.gz', TABLE, 'its name ends in .gz, but it is no gzip archive.'],
      ['d.gz', '', 'its name ends in .gz, but it is no gzip archive.'],
      ['e.gz', ZSTD, 'it is a zstd archive, but its name does not end in .zst.'],
    ] as const;
    for (const [name, bytes, what] of cases) {
      const path = file(name, bytes);
      const message = `Cannot read "${path}": ${what}`;
      await assert.rejects(read(path), { code: 'DATA_INVALID', message });
    }
  });
});

describe('a table', () => {
  const columns = { values: 'values', id: 'id', label: 'kind' };
  it('may lie in an archive', async () => {
    const paths = [
      file('t.csv', TABLE),
      file('t.csv.gz', gzipSync(TABLE)),
      file('t.csv.zst', ZSTD),
    ];
    const tables = await Promise.all(
      paths.map((path) => collectItems(importCsv({ path, columns }))),
    );
    assert.equal(tables[0]!.length, 2);
    assert.deepEqual(tables[1], tables[0]);
    assert.deepEqual(tables[2], tables[0]);
    const tabs = file('t.tsv.gz', gzipSync(TABLE.replaceAll(',', '\t')));
    assert.deepEqual(await collectItems(importCsv({ path: tabs, columns })), tables[0]);
  });

  it('is no file of another format', async () => {
    const path = file('renamed.csv', 'PAR1\x15\x04');
    const message = `Cannot read "${path}": it is a Parquet file, not what its name says.`;
    await assert.rejects(collectItems(importCsv({ path, columns })), {
      code: 'DATA_INVALID',
      message,
    });
  });
});
