import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import type { RawRecord } from '../../../src/data/record.ts';
import { type CsvOptions, importCsv } from '../../../src/formats/csv/import-csv.ts';
import { collectItems, temporaryFolder } from '../data/sample-store.ts';

const folder = temporaryFolder();
after(folder.release);

let made = 0;
function items(
  lines: readonly string[],
  values: string,
  more: Partial<CsvOptions> = {},
  label?: string,
) {
  const path = join(folder.path, `${made++}.csv`);
  writeFileSync(path, lines.join('\n'));
  return collectItems(importCsv({ path, columns: { values, label }, ...more }));
}

async function rows(...given: Parameters<typeof items>) {
  const records = (await items(...given)) as RawRecord[];
  return records.map(({ label, channels = 1, values }) => [label, channels, ...Array.from(values)]);
}

const HEADER = 'id,class,t0,t1,t2';
const refused = (message: RegExp, advice = /./) => ({ code: 'DATA_INVALID', message, advice });

describe('a sequence in the columns of its row', () => {
  it('is a range by names, open at an end, or all columns without another role', async () => {
    const lines = [HEADER, 'a,x,1,2,3', 'b,y,4,,6'];
    const expected = [
      ['x', 1, 1, 2, 3],
      ['y', 1, 4, Number.NaN, 6],
    ];
    assert.deepEqual(await rows(lines, 't0..t2', {}, 'class'), expected);
    assert.deepEqual(await rows(lines, 't0..', {}, 'class'), expected);
    const others = lines.map((line) => line.replace(/^[^,]*,/, ''));
    assert.deepEqual(await rows(['t0,t1,t2', '1,2,3'], '..t1'), [[undefined, 1, 1, 2]]);
    assert.deepEqual(await rows(others, 'all-others', {}, 'class'), expected);
  });

  it('has several channels: a range each, a list each, or interleaved', async () => {
    const ranges = ['x0,x1,y0,y1', '1,2,3,4'];
    const expected = [[undefined, 2, 1, 3, 2, 4]];
    assert.deepEqual(await rows(ranges, 'x0..x1,y0..y1'), expected);
    assert.deepEqual(await rows(['x,y', '1 2,3 4'], 'x,y'), expected);
    const path = join(folder.path, 'interleaved.csv');
    writeFileSync(path, 'v\n1 3 2 4\n1 2 3\n');
    const columns = { values: 'v', channels: 2 };
    const [record, skip] = await collectItems(importCsv({ path, columns }));
    assert.deepEqual(
      [(record as RawRecord).channels, skip!],
      [2, { id: 'interleaved.csv:3', skipped: 'uneven-channels' }],
    );
    assert.deepEqual(await items(['x,y', '1 2,3'], 'x,y'), [
      { id: `${made - 1}.csv:2`, skipped: 'uneven-channels' },
    ]);
  });

  it('is padded at its end', async () => {
    const [record] = (await items([HEADER, 'a,x,1,NaN,'], 't0..t2')) as RawRecord[];
    assert.equal(record!.isPadded, true);
  });

  it('may be of any length where there is no header', async () => {
    const lines = ['1 \t 0.5 0.25', '  2  7 8 9 ', '', '3'];
    const options = { noHeader: true, delimiter: 'spaces' };
    assert.deepEqual(await rows(lines, '2..', options, '1'), [
      ['1', 1, 0.5, 0.25],
      ['2', 1, 7, 8, 9],
      ['3', 1],
    ]);
    await assert.rejects(
      items(lines, '2..3', options),
      refused(/line 2: it has 4 cells, and the first line has 3/),
    );
  });

  it('keeps each value as it stands, whatever its place', async () => {
    const lines = ['t0,t1,t2,t3', '0.1, 1e-3 ,"2.5",1234567890123456.789012'];
    assert.deepEqual(await rows(lines, 'all-others'), [
      [undefined, 1, 0.1, 0.001, 2.5, Number('1234567890123456.789012')],
    ]);
  });

  it('comes before a range: a column may be called as one', async () => {
    assert.deepEqual(await rows(['a..b,c,d', '1 2,3,4'], 'a..b'), [[undefined, 1, 1, 2]]);
    assert.deepEqual(await rows(['a,b', '1 2,3'], 'a'), [[undefined, 1, 1, 2]]);
  });
});

describe('a wide table is refused', () => {
  const cases: [string, string[], string, RegExp, RegExp][] = [
    [
      'an absent end',
      [HEADER],
      't0..t9',
      /it has no column "t9" for the values/,
      /say --values t0\.\.t2\.$/,
    ],
    ['an absent range', [HEADER], 'a..b', /it has no column "a"/, /./],
    ['a range backwards', [HEADER], 't2..t0', /"t2" stands behind "t0"/, /^Say t0\.\.t2/],
    ['a repeated column', ['t0,t1,t1,t2'], 't0..t2', /it has 2 columns "t1"/, /./],
    ['an ambiguous end', ['t0,t1,t0'], 't0..t1', /it has 2 columns "t0"/, /./],
    [
      'dates that fall',
      ['2026-02-01,2026-01-31,2026-03-01'],
      '2026-02-01..2026-03-01',
      /"2026-01-31" follows "2026-02-01", which is not the order of their times/,
      /./,
    ],
    [
      'columns by the alphabet',
      ['t0,t1,t10,t2'],
      'all-others',
      /"t2" follows "t10"/,
      /order of time/,
    ],
    [
      'a column of row numbers',
      [',t0,t1'],
      'all-others',
      /its column 1 has no name/,
      /--values FIRST\.\.LAST/,
    ],
    [
      'row numbers of pandas',
      ['Unnamed: 0,t0,t1'],
      'all-others',
      /its column "Unnamed: 0" would be among the values, and may be a row number/,
      /--values FIRST\.\.LAST, .*index=False/,
    ],
    ['an index', ['index,t0,t1'], 'all-others', /its column "index" would be among/, /index=False/],
    ['an id', ['patient_id,t0'], 'all-others', /"patient_id" would be among/, /--id patient_id;/],
    ['an Id', ['patientId,t0'], 'all-others', /"patientId" would be among/, /--id patientId;/],
    [
      'no header',
      ['1,0.5,0.25', '2,1,2'],
      'all-others',
      /first line looks like data/,
      /--no-header/,
    ],
    [
      'no header, one column wanted',
      ['1,0.5,0.25'],
      'values',
      /no column "values"/,
      /--no-header --label 1 --values 2\.\.$/,
    ],
    ['numbered columns', [HEADER], 'values', /no column "values"/, /say --values t0\.\.t2\.$/],
    ['spaces', ['1 0.5 0.25'], 'values', /no column "values"/, /--delimiter spaces\..+--no-header/],
  ];
  for (const [what, lines, values, message, advice] of cases) {
    it(`for ${what}`, async () => {
      await assert.rejects(items(lines, values), refused(message, advice));
    });
  }

  it('but not for a name that only ends as an id does', async () => {
    assert.deepEqual(await rows(['humid,grid,t0', '1,2,3'], 'all-others'), [
      [undefined, 1, 1, 2, 3],
    ]);
  });

  it('but not for a header of rising numbers', async () => {
    assert.deepEqual(await rows(['400.5,401,402', '1,2,3'], 'all-others'), [
      [undefined, 1, 1, 2, 3],
    ]);
  });

  it('with a decimal comma and no word about it', async () => {
    const lines = ['a;b', '0,5;1'];
    const found = items(lines, 'a..b', { delimiter: ';' });
    await assert.rejects(found, refused(/column "a": "0,5" has a comma/, /--decimal ,/));
    const read = await rows(lines, 'a..b', { delimiter: ';', decimal: ',' });
    assert.deepEqual(read, [[undefined, 1, 0.5, 1]]);
  });

  it('with a delimiter that is none', async () => {
    for (const delimiter of ['ab', '"', '7', 'é', '']) {
      await assert.rejects(items(['a'], 'a', { delimiter }), {
        code: 'USAGE',
        message: `Cannot use the delimiter ${JSON.stringify(delimiter)}: allowed is one ASCII character, no quote, letter, digit or sign.`,
      });
    }
  });
});

describe('the targets of a row', () => {
  const record = async (lines: string[], columns: object) => {
    const path = join(folder.path, `${made++}.csv`);
    writeFileSync(path, lines.join('\n'));
    return await collectItems(importCsv({ path, columns: { values: 'v', id: 'id', ...columns } }));
  };

  it('are several classes: a list, or a column of 1 and 0 for each', async () => {
    const list = await record(['id,v,c', 'a,1 2,AFIB|MI', "b,1 2,['x']", 'c,1 2,', 'd,1 2,[]'], {
      labels: 'c',
    });
    assert.deepEqual(
      list.map((item) => (item as RawRecord).labels),
      [['AFIB', 'MI'], ['x'], undefined, []],
    );
    const marks = await record(['id,v,A,B', 'a,1 2,1,0', 'b,1 2,0,0', 'c,1 2,,'], {
      labels: 'A,B',
    });
    assert.deepEqual(
      marks.map((item) => (item as RawRecord).labels),
      [['A'], [], undefined],
    );
    const wrong = record(['id,v,A,B', 'a,1 2,2,0'], { labels: 'A,B' });
    await assert.rejects(wrong, refused(/line 2: column "A": "2" is neither 1 nor 0/));
  });

  it('are numbers, all of them or none', async () => {
    const lines = ['id,v,p,q', 'a,1 2,0.5,3', 'b,1 2,,', 'c,1 2,1,', 'd,1 2,x,1'];
    const [a, b, c, d] = await record(lines, { target: 'p,q' });
    assert.deepEqual([(a as RawRecord).targets, (b as RawRecord).targets], [[0.5, 3], undefined]);
    assert.deepEqual(c, { id: 'c', skipped: 'partial-target' });
    assert.equal((d as { skipped: string }).skipped, 'not-a-number');
  });

  it('are classes of the timesteps, one for each', async () => {
    const lines = ['id,v,s', 'a,1 2 3,x x y', 'b,1 2 3,"x,,y"', 'c,1 2,x'];
    const [a, b, c] = await record(lines, { timestepLabels: 's' });
    assert.deepEqual((a as RawRecord).timestepLabels, ['x', 'x', 'y']);
    assert.deepEqual((b as RawRecord).timestepLabels, ['x', '', 'y']);
    assert.deepEqual(c, { id: 'c', skipped: 'uneven-labels' });
  });
});
