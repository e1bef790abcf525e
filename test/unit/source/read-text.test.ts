import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import type { RawRecord } from '../../../src/data/record.ts';
import { importCsv } from '../../../src/formats/csv/import-csv.ts';
import { importJsonl } from '../../../src/formats/json/import-json.ts';
import { linesOf, readText } from '../../../src/source/file/read-text.ts';
import { collectItems, temporaryFolder } from '../data/sample-store.ts';

const { path: folder, release } = temporaryFolder();
after(release);

function file(bytes: Uint8Array, name = 'text'): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}
const read = async (bytes: Uint8Array) =>
  Buffer.concat(await collectItems(readText(file(bytes)))).toString();
const utf16be = (text: string) => Buffer.from(text, 'utf16le').swap16();

/** Longer than a chunk of a file stream, so that characters lie across the border of two. */
const LONG = 'é€𝄞\n'.repeat(30_000);

describe('the text of a file', () => {
  it('has no zero bytes: they come from encodings without a byte order mark', async () => {
    const text = 'id,v\na,1\n';
    const utf32 = Buffer.from(
      [...`\uFEFF${text}`].flatMap((c) => [c.charCodeAt(0) & 255, c.charCodeAt(0) >> 8, 0, 0]),
    );
    for (const bytes of [Buffer.from(text, 'utf16le'), utf32]) {
      await assert.rejects(read(bytes), {
        code: 'DATA_INVALID',
        message: /line 1: it has a zero byte/,
      });
    }
    await assert.rejects(read(Buffer.from('a\nb\0\n')), { message: /line 2: it has a zero byte/ });
  });

  it('is UTF-8 or UTF-16, with or without a byte order mark', async () => {
    for (const text of ['', 'a', 'é', 'ab\n', `a${LONG}`, LONG]) {
      for (const mark of ['', '\uFEFF']) {
        assert.equal(await read(Buffer.from(mark + text)), text);
      }
      assert.equal(await read(Buffer.from(`\uFEFF${text}`, 'utf16le')), text);
      assert.equal(await read(utf16be(`\uFEFF${text}`)), text);
    }
  });

  it('is refused at the first line that is not valid', async () => {
    const advice = /^Save the file as UTF-8/;
    const cases: [Uint8Array, number, string][] = [
      [Buffer.from('id\nBär\nBör\n', 'latin1'), 2, 'UTF-8'],
      [Buffer.concat([Buffer.from(LONG), Buffer.of(0xff)]), 30_001, 'UTF-8'],
      [Buffer.concat([Buffer.from(`${LONG}x`), Buffer.of(0xe2, 0x82)]), 30_001, 'UTF-8'],
      [Buffer.of(0xc3), 1, 'UTF-8'],
      [Buffer.from('\uFEFFa\n\uD800b', 'utf16le'), 1, 'UTF-16LE'],
    ];
    for (const [bytes, line, encoding] of cases) {
      const message = `Cannot read "${join(folder, 'text')}", line ${line}: it is not valid ${encoding}.`;
      await assert.rejects(read(bytes), { code: 'DATA_INVALID', message, advice });
    }
  });

  it('has lines that end with a line feed only', async () => {
    const text = 'a\u2028b\nc\rd\n\ne';
    const lines = await collectItems(linesOf(readText(file(Buffer.from(text)))));
    assert.deepEqual(lines, ['a\u2028b', 'c\rd', '', 'e']);
    const long = await collectItems(linesOf(readText(file(Buffer.from(LONG)))));
    assert.deepEqual(long, LONG.split('\n'));
  });

  it('has no line that no text could hold, and does not keep such a one in memory', async () => {
    const chunk = Buffer.alloc(2 ** 23, '1 ');
    let given = 0;
    async function* endless() {
      for (;;) {
        given++;
        yield chunk;
      }
    }
    await assert.rejects(collectItems(linesOf(endless())), { code: 'ERR_STRING_TOO_LONG' });
    assert.equal(given, 64);
  });
});

describe('tables', () => {
  const columns = { values: 'v', label: 'c' };

  it('of other encodings are refused', async () => {
    const csv = file(Buffer.from('c,v\nBär,1\n', 'latin1'), 'latin.csv');
    const jsonl = file(Buffer.from('{"c": "Bär", "v": [1]}', 'latin1'), 'latin.jsonl');
    const refused = (line: number) => ({
      code: 'DATA_INVALID',
      message: new RegExp(`, line ${line}: it is not valid UTF-8\\.$`),
    });
    await assert.rejects(collectItems(importCsv({ path: csv, columns })), refused(2));
    await assert.rejects(collectItems(importJsonl({ path: jsonl, columns })), refused(1));
  });

  it('in UTF-16 are read like those in UTF-8', async () => {
    const csv = 'c,v\r\nBär,1\r\n';
    const jsonl = '{"c": "Bär", "v": [1]}\r\n';
    for (const encode of [utf16be, (text: string) => Buffer.from(text, 'utf16le'), Buffer.from]) {
      const path = file(encode(`\uFEFF${csv}`), 'encoded.csv');
      const [row] = (await collectItems(importCsv({ path, columns }))) as RawRecord[];
      assert.deepEqual([row!.label, ...Array.from(row!.values)], ['Bär', 1]);
      const lines = file(encode(`\uFEFF${jsonl}`), 'encoded.jsonl');
      const [line] = (await collectItems(importJsonl({ path: lines, columns }))) as RawRecord[];
      assert.deepEqual([line!.label, ...Array.from(line!.values)], ['Bär', 1]);
    }
  });
});
