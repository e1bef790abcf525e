/** The importer of Parquet files. */
import { z } from 'zod';
import type { ImportItem } from '../../data/record.ts';
import { defineImporter } from '../../source/define-importer.ts';
import { contentName } from '../../source/file/compressed.ts';
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
