import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import type { ImportItem, RawRecord } from '../../../src/data/record.ts';
import { importSource } from '../../../src/importer/import-source.ts';
import { DEFAULT_RULES } from '../../../src/importer/source-rules.ts';
import { collectItems, temporaryFolder } from '../data/sample-store.ts';

const { path: folder, release } = temporaryFolder();
after(release);

async function collect(name: string, text: string, options = {}): Promise<ImportItem[]> {
  const source = join(folder, name);
  writeFileSync(source, text);
  return await collectItems(importSource({ ...DEFAULT_RULES, source, options }).items);
}
const read = async (name: string, text: string, options = {}) =>
  (await collect(name, text, options)) as RawRecord[];
const valuesOf = (records: readonly RawRecord[]) => records.map(({ values }) => Array.from(values));

describe('a .ts file', () => {
  const HEADER = '@univariate false\n@classLabel true a b\n@data\n';
  const STAMPED = `@timeStamps true\n${HEADER}`;

  it('has lines with channels between colons and the class behind the last', async () => {
    const [first, ...rest] = await read('x.ts', `#c\r\n${HEADER}1,2:3,4:a\r\n\n`);
    assert.deepEqual(first, {
      id: 'x.ts:5',
      values: Float64Array.of(1, 3, 2, 4),
      channels: 2,
      label: 'a',
      isPadded: true,
    });
    assert.deepEqual(rest, []);
  });

  it('may say that there is no class, or leave it out in a line', async () => {
    const none = await read('x.ts', '@classLabel false\n@data\n1,2:3,4\n');
    assert.deepEqual(valuesOf(none), [[1, 3, 2, 4]]);
    const [unlabelled] = await read('x.ts', `${HEADER}1:2:?\n`);
    assert.equal(unlabelled!.label, undefined);
  });

  it('may have missing values, and channels of different lengths in a line that is skipped', async () => {
    const [first, second] = await collect('x.ts', `${HEADER}1,?,NaN,?:2,?,3,?:a\n1,2:2:a\n`);
    assert.deepEqual(Array.from((first as RawRecord).values), [1, 2, NaN, NaN, NaN, 3, NaN, NaN]);
    assert.deepEqual(second, { id: 'x.ts:5', skipped: 'uneven-channels' });
  });

  it('may have a time for each value, which must rise and be the same in all channels', async () => {
    const dates = '(2024-01-01 00:00:00,1.5), (2024-01-01 00:00:01,?)';
    const [even, uneven, unlabelled] = await read(
      'x.ts',
      `${STAMPED}${dates}:${dates}:a\n(0,1),(1,2),(7,3):(0,4),(1,5),(7,6):b\n(0,1):(0,2):\n`,
    );
    assert.deepEqual([even!.label, Array.from(even!.values)], ['a', [1.5, 1.5, NaN, NaN]]);
    assert.equal(even!.hasUnevenTimes, undefined);
    assert.deepEqual([uneven!.label, Array.from(uneven!.values)], ['b', [1, 4, 2, 5, 3, 6]]);
    assert.equal(uneven!.hasUnevenTimes, true);
    assert.equal(unlabelled!.label, undefined);
  });

  it('names the line that it cannot read', async () => {
    const cases = [
      [`${HEADER}1,x:2,3:a\n`, 'line 4: "x" is not a number'],
      [`${HEADER}1,2:2,3:c\n`, 'line 4: class "c" is none of the header\'s (a, b)'],
      [`@dimensions 3\n${HEADER}1:2:a\n`, 'line 5: it has 2 channels instead of 3'],
      [`@dimensions x\n${HEADER}`, 'line 4: @dimensions is "x", no whole number'],
      [`${STAMPED}(1,2),(1,3):a\n`, 'line 5: its time 1 does not follow the one before'],
      [`${STAMPED}(1,2):(2,3):a\n`, 'line 5: its channels have different times'],
      [`${STAMPED}(1,2),3:a\n`, 'line 5: "3" is no (time,value)'],
      [`${STAMPED}(noon,2):a\n`, 'line 5: "noon" is no time'],
      [`${STAMPED}((1,2):a\n`, 'line 5: a bracket lacks its other half'],
      [
        `@equalLength true\n@seriesLength 3\n${HEADER}1,2:1,2:a\n`,
        'line 6: it has 2 timesteps instead of 3, and the header has @equalLength true',
      ],
      [
        `@equalLength true\n${HEADER}1,2:1,2:a\n1,2,3:1,2,3:a\n`,
        'line 6: it has 3 timesteps instead of 2, and the header has @equalLength true',
      ],
      ['@data\n1,2\n', 'line 1: its header has neither @classLabel nor @targetLabel'],
      ['@classlabel maybe\n@data\n', 'line 2: @classlabel is neither true nor false'],
      ['export const x = 1;\n', 'line 1: there is no @data before it'],
      [`${HEADER}a\n`, 'line 4: it has no values'],
    ] as const;
    for (const [text, what] of cases) {
      const message = `Cannot read "${join(folder, 'x.ts')}", ${what}.`;
      await assert.rejects(read('x.ts', text), { code: 'DATA_INVALID', message });
    }
    const message = `Cannot read "${join(folder, 'x.ts')}": it is no .ts file: it has no line "@data".`;
    await assert.rejects(read('x.ts', '# nothing\n'), { code: 'DATA_INVALID', message });
  });
});

describe('an .arff file', () => {
  const HEADER = `@RELATION r
@ATTRIBUTE name string
@ATTRIBUTE 'it''s' numeric
@ATTRIBUTE b {"x, y", z}
@DATA
`.replace("it''s", "it\\'s");

  it('has words in quotes, and roles by name', async () => {
    const [first, second] = await read('x.arff', `${HEADER}'a,\\'1', 5 ,"x, y"\n"b",?,?\n`, {
      id: 'name',
    });
    const shared = { group: undefined, split: undefined };
    assert.deepEqual(first, {
      id: "a,'1",
      label: 'x, y',
      values: Float64Array.of(5),
      isPadded: true,
      ...shared,
    });
    assert.deepEqual(second, {
      id: 'b',
      label: undefined,
      values: Float64Array.of(Number.NaN),
      isPadded: true,
      ...shared,
    });
  });

  it('may have a target instead of a class', async () => {
    const text = '@attribute t0 real\n@attribute t1 real\n@attribute y real\n@data\n1,2,0.5\n';
    const [only] = await read('x.arff', text, { target: 'y' });
    assert.deepEqual([only!.targets, Array.from(only!.values)], [[0.5], [1, 2]]);
  });

  it('names the line or the attribute that it cannot read', async () => {
    const cases = [
      [`${HEADER}a,1\n`, ', line 6: it has 2 values for 3 attributes'],
      [`${HEADER}a,1,y\n`, ', line 6: "y" is none of the classes of "b"'],
      [`${HEADER}a,x,z\n`, ', line 6: "x" is not a number'],
      [`${HEADER}'a,1,z\n`, ', line 6: a quote has no end'],
      [`${HEADER}'a'b,1,z\n`, ', line 6: "b,1,z" follows a quoted word'],
      [`${HEADER}{0 a}\n`, ', line 6: it is sparse, which is not read'],
      ['@attribute a blob\n', ', line 1: the attribute "a" has the unknown type "blob"'],
      ['@attribute a real\n@attribute a real\n', ', line 2: two attributes are called "a"'],
      ['@attribute s string\n@data\n', ': its attribute "s" holds no numbers', {}],
      ['a,b\n1,2\n', ', line 1: there is no @data before it'],
      ['% nothing\n', ': it is no .arff file: it has no line "@data"'],
    ] as const;
    for (const [text, what, options = { id: 'name' }] of cases) {
      const hasNames = text.includes('name string');
      const message = `Cannot read "${join(folder, 'x.arff')}"${what}.`;
      await assert.rejects(read('x.arff', text, hasNames ? options : {}), {
        code: 'DATA_INVALID',
        message,
      });
    }
  });

  it('asks which of several nominal attributes is the class', async () => {
    const text = '@attribute a {1}\n@attribute b {2}\n@attribute t real\n@data\n1,2,3\n';
    const message = `Cannot import "${join(folder, 'x.arff')}": several attributes are nominal (a, b).`;
    await assert.rejects(read('x.arff', text), { code: 'USAGE', message });
    const [only] = await read('x.arff', text, { label: 'b', group: 'a' });
    assert.deepEqual([only!.label, only!.group, Array.from(only!.values)], ['2', '1', [3]]);
  });
});
