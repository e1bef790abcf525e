/** A dry run of an import. */
import { join } from 'node:path';
import { LockstepError } from '../../core/errors.ts';
import { makeTemporaryFolder, removeTemporaryFolder } from '../../core/temporary-folder.ts';
import type { ImportReport } from '../../data/info/import-report.ts';
import type { BuildOptions } from '../../importer/build/build-options.ts';
import { buildStore } from '../../importer/build/build-store.ts';
import { oneByOne } from '../../importer/build/read-items.ts';
import { type ColumnUse, PreviewTap, type SourcePreview } from '../../source/preview.ts';
import { type BuildStoreOptions, type Items, prepared, withSplits } from './build-store.ts';

/** What an import would do. */
export interface ImportPreview {
  readonly source: SourcePreview;
  /** The columns of the first file, where the importer tells them. */
  readonly columns?: readonly ColumnUse[];
  /** The report; or the error that would end the import. */
  readonly report: ImportReport | LockstepError;
}

/**
 * Does what `buildStore` does in a temporary folder, which it removes.
 * @throws LockstepError USAGE, DATA_NOT_FOUND; DATA_INVALID for columns that are not there
 */
export async function previewStore(options: BuildStoreOptions): Promise<ImportPreview> {
  const { items, build, files } = await prepared(options);
  const { importer, options: given, sources: [first] = [] } = files?.chosen ?? {};
  const columns = first && (await importer!.columns?.(first.path, given!));
  const tap = new PreviewTap();
  const report = await inTemporaryFolder(tap.through(oneByOne(withSplits(items, options))), build);
  return { source: tap.preview(), report, ...(columns && { columns }) };
}

async function inTemporaryFolder(
  items: Items,
  build: BuildOptions,
): Promise<ImportReport | LockstepError> {
  const folder = makeTemporaryFolder('dry-run');
  const target = join(folder, 'store');
  try {
    return await buildStore(items, { ...build, target });
  } catch (error) {
    if (!(error instanceof LockstepError) || error.code !== 'DATA_INVALID') throw error;
    const message = error.message.replaceAll(target, build.target);
    return new LockstepError(error.code, message, error.advice, { cause: error });
  } finally {
    removeTemporaryFolder(folder);
  }
}
