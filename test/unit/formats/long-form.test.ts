import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import type { ImportItem, RawRecord } from '../../../src/data/record.ts';
import { importCsv } from '../../../src/formats/csv/import-csv.ts';
import { importJsonl } from '../../../src/formats/json/import-json.ts';
import { LongForm } from '../../../src/source/long-form/long-form.ts';
import type { TableColumns } from '../../../src/source/table/table-columns.ts';
import { collectItems, temporaryFolder } from '../data/sample-store.ts';

const folder = temporaryFolder();
after(folder.release);

let made = 0;
function csv(lines: readonly string[], columns: TableColumns) {
  const path = join(folder.path, `${made++}.csv`);
  writeFileSync(path, lines.join('\n'));
  return importCsv({ path, columns });
}

const LONG = { id: 'id', time: 't', values: 'v' };
const sequences = async (items: AsyncIterable<ImportItem>) =>
  ((await collectItems(items)) as RawRecord[]).map(({ id, values }) => [id, ...Array.from(values)]);

const refused = (message: RegExp, advice = /./) => ({ code: 'DATA_INVALID', message, advice });

describe('the long form', () => {
  it('collects the rows of each id by time, interleaved or not', async () => {
    const rows = ['a,1,10', 'b,5,50', 'a,0,9', 'b,-1,49', 'a,2.5,11', 'b,1e1,51'];
    const expected = [
      ['a', 9, 10, 11],
      ['b', 49, 50, 51],
    ];
    assert.deepEqual(await sequences(csv(['id,t,v', ...rows], LONG)), expected);
    const together = rows.toSorted();
    assert.deepEqual(await sequences(csv(['id,t,v', ...together], LONG)), expected);
  });

  it('has a channel for each column of values, and a label for each timestep', async () => {
    const lines = ['id,t,x,y,z,state,class', 'a,2,4,5,6,on,c', 'a,1,1,2,,off,c'];
    const columns = { ...LONG, values: 'x..z', label: 'class', timestepLabels: 'state' };
    assert.deepEqual(await collectItems(csv(lines, columns)), [
      {
        id: 'a',
        label: 'c',
        group: undefined,
        split: undefined,
        channels: 3,
        values: Float64Array.of(1, 2, Number.NaN, 4, 5, 6),
        timestepLabels: ['off', 'on'],
      },
    ]);
  });

  it('notes times with gaps between them', async () => {
    const rows = ['a,0,1', 'a,1,2', 'a,3,3', 'b,0,1', 'b,1.1,2', 'b,2,3', 'c,0,1'];
    const records = (await collectItems(csv(['id,t,v', ...rows], LONG))) as RawRecord[];
    assert.deepEqual(
      records.map(({ hasUnevenTimes = false }) => hasUnevenTimes),
      [true, false, false],
    );
  });

  it('orders times of 19 digits, dates to the nanosecond, and times of day', async () => {
    const times = [
      ['1700000000000000002', '1700000000000000001', '12'],
      ['2026-01-01 00:00:00.000000002', '2026-01-01T00:00:00.000000001', '2025-12-31'],
      ['2026-01-01T01:00:00+02:00', '2025-12-31T22:59:59Z', '2025-12-31T23:30:00+01:00'],
      ['10:00', '9:59:59.5', '9:59:59'],
    ];
    for (const [third, second, first] of times) {
      const lines = ['id,t,v', `a,${third},3`, `a,${first},1`, `a,${second},2`];
      assert.deepEqual(await sequences(csv(lines, LONG)), [['a', 1, 2, 3]]);
    }
  });

  it('refuses a time that repeats, is missing, is none or of another kind', async () => {
    const cases: [string[], RegExp][] = [
      [['a,1,1', 'b,1,1', 'a,1.0,2'], /line 4: "a" has the time of line 2 again\.$/],
      [['a,1,1', 'a,,2'], /line 3: the row of "a" has no time\.$/],
      [['a,Monday,1'], /line 2: the row of "a" has the time "Monday", which is none\.$/],
      [['a,01/02/2026,1'], /which is none/],
      [['a,2026-13-01,1'], /which is none/],
      [
        ['a,1,1', 'a,2026-01-01,2'],
        /line 3: the time "2026-01-01" is a date, and line 2 has a number/,
      ],
      [['a,1,1', ',2,2'], /line 3: its id is empty\.$/],
    ];
    for (const [rows, message] of cases) {
      await assert.rejects(collectItems(csv(['id,t,v', ...rows], LONG)), refused(message));
    }
  });

  it('refuses rows of one id that disagree about label, group or split', async () => {
    for (const role of ['label', 'group', 'split'] as const) {
      const lines = ['id,t,v,r', 'a,1,1,train', 'b,1,1,test', 'a,2,2,test'];
      const message = new RegExp(`line 4: the ${role} of "a" is "test", and "train" in line 2\\.$`);
      const items = csv(lines, { ...LONG, [role]: 'r' });
      await assert.rejects(collectItems(items), refused(message));
    }
    const gap = csv(['id,t,v,r', 'a,1,1,x', 'a,2,2,'], { ...LONG, label: 'r' });
    await assert.rejects(collectItems(gap), refused(/label of "a" is none, and "x" in line 2/));
  });

  it('leaves a sequence out when one of its rows holds text in place of a number', async () => {
    const lines = ['id,t,v', 'a,1,1', 'b,1,2', 'a,2,x', 'a,3,3'];
    const [skip, kept] = await collectItems(csv(lines, LONG));
    const detail = 'line 4, column "v": "x" is not a number';
    assert.deepEqual(skip, { id: 'a', skipped: 'not-a-number', detail });
    assert.equal(kept!.id, 'b');
  });

  it('is one sequence without a column of ids, unless a column looks like one', async () => {
    const { id: _, ...columns } = LONG;
    const [sequence, ...others] = await sequences(csv(['t,v', '2,3', '1,2', '4,5'], columns));
    assert.match(String(sequence![0]), /^\d+\.csv$/);
    assert.deepEqual([sequence!.slice(1), others], [[2, 3, 5], []]);
    await assert.rejects(collectItems(csv(['patient_id,t,v', 'a,1,2', 'b,2,3'], columns)), {
      code: 'USAGE',
      message: /as one sequence: its column "patient_id" looks like the ids of several\.$/,
      advice: /^Say --id patient_id:/,
    });
  });

  it('is read from JSON lines, too', async () => {
    const path = join(folder.path, 'long.jsonl');
    const lines = ['{"id":"a","t":2,"v":5}', '{"id":"b","t":1,"v":null}', '{"id":"a","t":1,"v":4}'];
    writeFileSync(path, lines.join('\n'));
    assert.deepEqual(await sequences(importJsonl({ path, columns: LONG })), [
      ['a', 4, 5],
      ['b', Number.NaN],
    ]);
  });

  it('keeps rows beyond the bound of memory in a file, with the same result', async () => {
    const form = new LongForm({
      path: 'x',
      channels: 1,
      hasTimestepLabels: false,
      mostBytes: 2000,
    });
    const shared = { label: undefined, group: undefined, split: undefined };
    let flushes = 0;
    for (let line = 0; line < 1000; line++) {
      const [id, time] = [`id${line % 7}`, String(1000 - line)];
      const row = { line, id, time, values: Float64Array.of(line), ...shared };
      if (!form.add(row)) continue;
      await form.flush();
      flushes++;
    }
    const found = await sequences(form.records());
    await form.close();
    assert(flushes > 5, `${flushes} times flushed`);
    const ids = [0, 1, 2, 3, 4, 5, 6];
    assert.deepEqual(
      found.map(([id, first, second]) => [id, first, second]),
      ids.map((i) => [`id${i}`, lastOf(i, 0), lastOf(i, 1)]),
    );
  });
});

/** The lines of id i from the last one on: their times fall. */
function lastOf(i: number, back: number): number {
  const last = 999 - ((999 - i) % 7);
  return last - 7 * back;
}

describe('a table in long form without --time', () => {
  it('is refused with the options that read it', async () => {
    const lines = ['series_id,t,value,label', 's0,0,1.5,x', 's0,1,2.5,x', 's1,0,3.5,y'];
    const columns = { id: 'series_id', label: 'label', values: 'value' };
    const advice = /^Say --id series_id --time t --values value to collect/;
    const byId = refused(/line 3 has the id "s0" again\. This looks like the long form/, advice);
    await assert.rejects(collectItems(csv(lines, columns)), byId);
    const byTime = refused(
      /its column "t" looks like times\. This looks like the long form/,
      advice,
    );
    const grouped = { label: 'label', group: 'series_id', values: 'value' };
    await assert.rejects(collectItems(csv(lines, grouped)), byTime);
    const alone = { label: 'label', values: 'value' };
    await assert.rejects(collectItems(csv(lines, alone)), byTime);
  });

  it('is not suspected where a row has several values, or no column looks like times', async () => {
    const short = ['id,time,v', 'a,1,1', 'b,2,1 2', 'c,3,4'];
    assert.equal((await collectItems(csv(short, { id: 'id', values: 'v' }))).length, 3);
    const single = ['id,age,v', 'a,1,1', 'b,2,2', 'c,3,4'];
    assert.equal((await collectItems(csv(single, { id: 'id', values: 'v' }))).length, 3);
  });
});
