/** The importers read what Python's own readers read: see test/fixture/import/make-fixtures.py. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { importSource } from '../../../../src/data/importer/import-source.ts';
import { isSkip, type RawRecord } from '../../../../src/data/importer/record.ts';
import { DEFAULT_RULES } from '../../../../src/data/importer/source-rules.ts';
import { CLONE } from '../../../helper/clone.ts';
import { collectItems } from '../sample-store.ts';

interface Case {
  readonly file: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly records: readonly Expected[];
}
type Expected = Omit<RawRecord, 'values'> & { readonly values: readonly (number | null)[] };

const FOLDER = join(CLONE, 'test', 'fixture', 'import');
const CASES = JSON.parse(readFileSync(join(FOLDER, 'expected.json'), 'utf8')) as Case[];

/** As the fixtures have it: no empty fields, missing values as null. */
function plain(item: RawRecord): Expected {
  const { values, channels = 1, ...fields } = item;
  const given = Object.entries(fields).filter(([, value]) => value !== undefined);
  const numbers = Array.from(values, (value) => (Number.isFinite(value) ? value : null));
  return { ...(Object.fromEntries(given) as Omit<Expected, 'values'>), channels, values: numbers };
}

describe('an importer reads what Python reads', () => {
  for (const { file, options, records } of CASES) {
    it(`${file} ${JSON.stringify(options)}`, async () => {
      const source = join(FOLDER, file);
      const { items } = importSource({ ...DEFAULT_RULES, source, options });
      const read = await collectItems(items);
      assert.deepEqual(
        read.map((item) => (isSkip(item) ? item : plain(item))),
        records,
      );
    });
  }
});
