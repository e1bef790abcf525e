import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { csvRows, type Separator } from '../../../src/formats/csv/csv-rows.ts';

async function* chunksOf(text: string, size: number): AsyncGenerator<Buffer> {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

const COMMA = 0x2c;

async function cellsOf(text: string, size = 1000, separator: Separator = COMMA) {
  const found: { line: number; cells: string[] }[] = [];
  for await (const rows of csvRows('file', chunksOf(text, size), separator)) {
    for (const row of rows) {
      const cells = Array.from({ length: row.size }, (_, cell) => row.text(cell));
      found.push({ line: row.line, cells });
    }
  }
  return found;
}

const rowsOf = async (text: string, size?: number, separator?: Separator) =>
  (await cellsOf(text, size, separator)).map(({ cells }) => cells);

/** Cells as programs write them: quoted where they must be. */
const cell = fc
  .array(fc.constantFrom('a', 'é', ' ', '"', ',', '\n', '\r\n', '1'), { maxLength: 5 })
  .map((parts) => parts.join(''));
const written = fc.tuple(cell, fc.boolean()).map(([text, isQuoted]) => {
  const mustQuote = /["\r\n,]/.test(text);
  return isQuoted || mustQuote ? `"${text.replaceAll('"', '""')}"` : text;
});
const table = fc
  .array(fc.array(written, { minLength: 2, maxLength: 4 }), { maxLength: 5 })
  .chain((rows) =>
    fc.constantFrom('\n', '\r\n').map((end) => rows.map((row) => row.join(',') + end).join('')),
  );

describe('the rows of a CSV text', () => {
  it('are those that csv-parse finds, wherever a chunk ends', async () => {
    await fc.assert(
      fc.asyncProperty(table, fc.integer({ min: 1, max: 20 }), async (text, size) => {
        const expected = parse(text, {
          relax_column_count: true,
          record_delimiter: ['\r\n', '\n'],
          info: true,
        }) as unknown as { record: string[]; info: { lines: number } }[];
        const found = await cellsOf(text, size);
        assert.deepEqual(
          found.map(({ cells }) => cells),
          expected.map(({ record }) => record),
        );
      }),
      { numRuns: 500 },
    );
  });

  it('have the line in which they end', async () => {
    const found = await cellsOf('a,b\n\n"1\n2",3\nx,y', 3);
    assert.deepEqual(
      found.map(({ line }) => line),
      [1, 4, 5],
    );
  });

  it('end in a line feed, a carriage return or both; the last one in nothing', async () => {
    for (const end of ['\n', '\r\n', '\r']) {
      const expected = [
        ['a', 'b'],
        ['1', '2'],
        ['x', ''],
      ];
      assert.deepEqual(await rowsOf(`a,b${end}1,2${end}${end}x,`), expected);
    }
  });

  it('without a text are none', async () => {
    assert.deepEqual(await rowsOf(''), []);
    assert.deepEqual(await rowsOf('\n\n'), []);
  });

  it('have cells between runs of spaces and tabs where asked', async () => {
    const found = await rowsOf(' 1  2\t3 \r\n\n  \n4', 2, 'spaces');
    assert.deepEqual(found, [['1', '2', '3'], ['4']]);
    await assert.rejects(rowsOf('"a b" 1', 9, 'spaces'), {
      message: /line 1: a cell between spaces has a quote/,
    });
  });

  it('are refused with a quote that is out of place, and named by their line', async () => {
    const cases: [string, RegExp][] = [
      ['a,b\n1,x"y"', /"file", line 2: a quote begins within a cell\.$/],
      ['a,b\n"1"x,2', /line 2: something follows the quote that closes a cell\.$/],
      ['a\n\n"1,2\n3\n', /line 3: nothing closes a quote that opens here\.$/],
    ];
    for (const [text, message] of cases) {
      for (const size of [1, 100]) {
        await assert.rejects(rowsOf(text, size), { code: 'DATA_INVALID', message });
      }
    }
  });
});
