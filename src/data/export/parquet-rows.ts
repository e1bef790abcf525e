import type { StoreOnDisk } from '../format/open-store.ts';
import type { StoreManifest } from '../format/store.ts';
import type { DataTarget } from '../format/target.ts';
import { openParquetFile, type ParquetColumn } from './parquet-file.ts';
import { steps } from './steps.ts';
import { type StoreRecord, storeRecords } from './store-records.ts';

/** Bounds of a row group. */
const GROUP_ROWS = 10_000;
const GROUP_VALUES = 2 ** 21;

interface ExportColumn extends ParquetColumn {
  readonly of: (record: StoreRecord) => unknown;
}

/** Row groups of a few megabytes. Of several channels, a timestep is a list. */
export async function writeParquet(
  store: StoreOnDisk,
  path: string,
  onProgress: (written: number) => void,
): Promise<void> {
  const columns = columnsOf(store.manifest);
  const file = openParquetFile(path, columns);
  let rows: StoreRecord[] = [];
  let [values, written] = [0, 0];
  const flush = () => {
    file.write(columns.map(({ of }) => rows.map(of)));
    written += rows.length;
    onProgress(written);
    [rows, values] = [[], 0];
  };
  for await (const record of storeRecords(store)) {
    rows.push(record);
    values += record.values.length;
    if (rows.length >= GROUP_ROWS || values >= GROUP_VALUES) flush();
  }
  if (rows.length > 0) flush();
  file.finish();
}

function columnsOf({ target, valueType, channels }: StoreManifest): ExportColumn[] {
  const text = (name: string, of: ExportColumn['of']): ExportColumn => {
    return { name, type: 'text', depth: 0, of };
  };
  const texts = (name: string, of: ExportColumn['of']): ExportColumn => {
    return { name, type: 'text', depth: 1, of };
  };
  const type = valueType === 'float32' ? 'real' : 'integer';
  return [
    text('id', ({ id }) => id),
    ...(target.kind === 'class' ? [text('label', ({ label }) => label ?? null)] : []),
    ...(target.kind === 'classes' ? [texts('labels', ({ labels }) => labels ?? null)] : []),
    ...numberColumns(target),
    text('split', ({ split }) => split),
    text('group', ({ group }) => group),
    ...(target.kind === 'timestep-class'
      ? [texts('timestep_labels', ({ timestepLabels }) => timestepLabels ?? null)]
      : []),
    {
      name: 'values',
      type,
      depth: channels === 1 ? 1 : 2,
      of: ({ values }) => steps(values, channels),
    },
  ];
}

/** One number has a column of its name, several are a list. */
function numberColumns(target: DataTarget): ExportColumn[] {
  if (target.kind !== 'numbers') return [];
  const [only, second] = target.numbers;
  if (second !== undefined) {
    return [{ name: 'targets', type: 'real', depth: 1, of: ({ targets }) => targets ?? null }];
  }
  const of: ExportColumn['of'] = ({ targets }) => targets?.[0] ?? null;
  return [{ name: only!.name, type: 'real', depth: 0, of }];
}
