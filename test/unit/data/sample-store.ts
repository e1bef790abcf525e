/** Small datasets for tests, and a place to put them. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { StoreRow } from '../../../src/data/format/arrow-schema.ts';
import type { ValueGatherer } from '../../../src/data/format/gather-values.ts';
import type { ValueType } from '../../../src/data/format/store.ts';
import { ValueStatistics } from '../../../src/data/format/value-statistics.ts';
import { allocateValues, type StoredValues } from '../../../src/data/format/values.ts';
import type { StoreContent } from '../../../src/data/format/write-store.ts';
import type { ImportItem } from '../../../src/data/record.ts';

/** A temporary folder that `release` removes. */
export function temporaryFolder(): { path: string; release: () => void } {
  const path = mkdtempSync(join(tmpdir(), 'lockstep-data-'));
  return { path, release: () => rmSync(path, { recursive: true, force: true }) };
}

export interface SampleRow extends StoreRow {
  readonly values: StoredValues;
}

export interface SampleContent extends StoreContent<SampleRow> {
  readonly rows: readonly SampleRow[];
}

/** One row a length; every fifth is unlabelled, splits take turns. */
export function sampleContent(valueType: ValueType, lengths: readonly number[]): SampleContent {
  const rows = lengths.map((length, i) => ({
    id: `sequence-${i}`,
    group: `group-${i % 7}`,
    label: i % 5 === 4 ? -1 : i % 2,
    split: (['train', 'validation', 'test'] as const)[i % 3]!,
    length,
    values: sampleValues(valueType, length, i),
  }));
  return {
    name: 'sample',
    valueType,
    classes: ['even', 'odd'],
    rows,
    gatherer: () => gathererOf(valueType),
    provenance: { source: 'test' },
  };
}

/** Gives the values that rows hold. */
export function gathererOf(valueType: ValueType, channels = 1): ValueGatherer<SampleRow> {
  const statistics = new ValueStatistics(valueType, channels);
  return {
    gather: async (rows) => {
      for (const { values, split } of rows) statistics.add(values, split === 'train');
      const all = allocateValues(
        valueType,
        rows.reduce((sum, { values }) => sum + values.length, 0),
      );
      let at = 0;
      for (const { values } of rows) {
        all.set(values, at);
        at += values.length;
      }
      return all;
    },
    finish: async () => statistics.finish(),
  };
}

function sampleValues(valueType: ValueType, length: number, i: number): StoredValues {
  const largest = { uint8: 256, uint16: 65_536, float32: 1 }[valueType];
  const values = allocateValues(valueType, length);
  return values.map((_, t) => {
    const mixed = ((i + 1) * 2_654_435_761 + t * 40_503) % 1_000_003;
    return valueType === 'float32' ? mixed / 1_000_003 - 0.5 : mixed % largest;
  }) as StoredValues;
}

/** `count` records of two classes in groups of three. */
export function sampleRecords(count: number): ImportItem[] {
  return Array.from({ length: count }, (_, i) => ({
    id: `record-${i}`,
    group: `group-${Math.floor(i / 3)}`,
    label: i % 2 === 0 ? 'even' : 'odd',
    values: [i % 41, (i * 7) % 41, (i * 13) % 41, Math.floor(i / 41)],
  }));
}

/** Everything that an importer yields. */
export async function collectItems<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const all: Item[] = [];
  for await (const item of items) all.push(item);
  return all;
}
