/** The importers of Arrow files and of datasets of Hugging Face, which are folders of them or of Parquet files. */
import { z } from 'zod';
import { type ImportItem, isSkip } from '../../data/record.ts';
import { defineImporter } from '../../source/define-importer.ts';
import { contentName } from '../../source/file/compressed.ts';
import type { ColumnUse } from '../../source/preview.ts';
import { isDatasetFolder, partsOf } from './hugging-face-folder.ts';
import { columnarOptions, columnarRecords, columnUses } from './import-columnar.ts';
import { parquetImporter } from './parquet-importer.ts';

const options = z.object(columnarOptions);
type Options = z.output<typeof options>;

export const arrowImporter = defineImporter({
  kind: 'arrow',
  options,
  accepts: (path) => /\.(arrow|feather|ipc)$/i.test(contentName(path)),
  records: importArrow,
  columns: columnsOf,
});

export const huggingFaceImporter = defineImporter({
  kind: 'hugging-face',
  options,
  accepts: isDatasetFolder,
  records: importDataset,
  columns: async (path, given) => {
    const [first] = partsOf(path).flatMap(({ files }) => files);
    return first === undefined ? [] : await importerOf(first).columns!(first, given);
  },
});

const importerOf = (file: string) =>
  parquetImporter.accepts(file) ? parquetImporter : arrowImporter;

async function columnsOf(path: string, given: Options): Promise<ColumnUse[]> {
  const { openArrow } = await import('./arrow-file.ts');
  const file = await openArrow(path);
  await file.close();
  return columnUses(file, given);
}

/** @throws LockstepError DATA_NOT_FOUND; DATA_INVALID */
async function* importArrow(path: string, given: Options): AsyncGenerator<ImportItem> {
  // Its decoders take time to load.
  const { openArrow } = await import('./arrow-file.ts');
  const file = await openArrow(path);
  try {
    yield* columnarRecords(file, given);
  } finally {
    await file.close();
  }
}

/**
 * Ids are those of the column, else the file and the row, behind the name of the split.
 * @throws LockstepError DATA_INVALID; USAGE for a split of an unknown name
 */
async function* importDataset(path: string, given: Options): AsyncGenerator<ImportItem> {
  for (const { name, split, files } of partsOf(path)) {
    for (const file of files) {
      for await (const item of importerOf(file).records(file, given)) {
        const id = given.id === undefined && name !== '' ? `${name}/${item.id}` : item.id;
        yield isSkip(item) ? { ...item, id } : { ...item, id, split: item.split ?? split };
      }
    }
  }
}
