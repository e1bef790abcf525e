/** The importers read what Python's own readers read: see test/fixture/import/make-fixtures.py. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { isSkip, type RawRecord } from '../../../src/data/record.ts';
import { withoutMissing } from '../../../src/importer/build/missing-values.ts';
import { importSource } from '../../../src/importer/import-source.ts';
import { DEFAULT_RULES } from '../../../src/importer/source-rules.ts';
import { CLONE } from '../../helper/clone.ts';
import { collectItems } from '../data/sample-store.ts';

interface Case {
  readonly file: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly records: readonly Expected[];
  /** Of values that are computed; 0 by default. */
  readonly tolerance?: number;
}
/** Many values are compared by their hash. */
type Values = { values: (number | null)[] } | { length: number; sha256: string };
type Expected = Omit<RawRecord, 'values'> & Values;
const MANY = 1000;

const FOLDER = join(CLONE, 'test', 'fixture', 'import');
const CASES = JSON.parse(readFileSync(join(FOLDER, 'expected.json'), 'utf8')) as Case[];

/** As the fixtures have it: no empty fields, missing values as null. */
function plain(item: RawRecord): Expected {
  const { record } = withoutMissing(item, 'skip') ?? { record: { ...item, values: [] } };
  const { values, channels = 1, isPadded: _, sampleRate: __, ...fields } = record;
  const given = Object.entries(fields).filter(([, value]) => value !== undefined);
  return {
    ...(Object.fromEntries(given) as Omit<RawRecord, 'values'>),
    channels,
    ...contents(values),
  };
}

function contents(values: ArrayLike<number>): Values {
  const numbers = Float64Array.from(values);
  if (numbers.length <= MANY) {
    return { values: Array.from(numbers, (value) => (Number.isFinite(value) ? value : null)) };
  }
  const sha256 = createHash('sha256').update(new Uint8Array(numbers.buffer)).digest('hex');
  return { length: numbers.length, sha256 };
}

/** Takes the expected values for those that are near them. */
function settle(read: readonly Expected[], expected: readonly Expected[], tolerance: number): void {
  for (const [i, record] of read.entries()) {
    const other = expected[i];
    if (!('values' in record) || other === undefined || !('values' in other)) continue;
    for (const [t, value] of record.values.entries()) {
      const wanted = other.values[t];
      if (wanted != null && Math.abs(value! - wanted) < tolerance) record.values[t] = wanted;
    }
  }
}

describe('an importer reads what Python reads', () => {
  for (const { file, options, records, tolerance = 0 } of CASES) {
    it(`${file} ${JSON.stringify(options)}`, async () => {
      const source = join(FOLDER, file);
      const { items } = importSource({ ...DEFAULT_RULES, source, options });
      const read = (await collectItems(items)).flatMap((item) =>
        isSkip(item) ? [] : [plain(item)],
      );
      if (tolerance > 0) settle(read, records, tolerance);
      assert.deepEqual(read, records);
    });
  }
});
