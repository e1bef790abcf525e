/** The importer of Parquet files. */
import { z } from 'zod';
import { contentName } from '../compressed.ts';
import { defineImporter } from '../define-importer.ts';
import type { ImportItem } from '../record.ts';
import { columnarOptions, columnarRecords, columnUses } from './import-columnar.ts';

const options = z.object(columnarOptions);

export const parquetImporter = defineImporter({
  kind: 'parquet',
  options,
  accepts: (path) => /\.(parquet|pq)$/i.test(contentName(path)),
  records: importParquet,
  columns: async (path, given) => {
    const { openParquet } = await import('./parquet-file.ts');
    const file = await openParquet(path);
    await file.close();
    return columnUses(file, given);
  },
});

/** @throws LockstepError DATA_NOT_FOUND; DATA_INVALID */
async function* importParquet(
  path: string,
  given: z.output<typeof options>,
): AsyncGenerator<ImportItem> {
  // Its decoders take time to load.
  const { openParquet } = await import('./parquet-file.ts');
  const file = await openParquet(path);
  try {
    yield* columnarRecords(file, given);
  } finally {
    await file.close();
  }
}
