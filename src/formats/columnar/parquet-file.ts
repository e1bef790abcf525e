/** A Parquet file: its columns, and its rows, row group by row group. */
import {
  type FileMetaData,
  parquetMetadataAsync,
  parquetSchema,
  type RowGroup,
  type SchemaTree,
} from 'hyparquet';
import { getTreePath } from 'hyparquet/src/schema.js';
import { LockstepError } from '../../core/errors.ts';
import { openRandomAccess, type RandomAccess } from '../../source/file/scratch-file.ts';
import { sourceError } from '../../source/file/source-error.ts';
import type { Cell, ColumnarFile } from './cell.ts';
import { classNamesIn } from './hugging-face-features.ts';
import { type ColumnChunk, readColumn } from './parquet-column.ts';
import { zipColumns } from './zip-columns.ts';

const MAGIC = 'PAR1';

/**
 * Opens a file.
 * @throws LockstepError DATA_NOT_FOUND; DATA_INVALID for anything but a Parquet file, here and from `rows`
 */
export async function openParquet(path: string): Promise<ColumnarFile> {
  const file = await openRandomAccess(path);
  try {
    await refuseOther(path, file);
    const metadata = await metadataOf(file);
    const schema = parquetSchema(metadata);
    const classes = classNamesIn(metadata.key_value_metadata ?? []);
    return {
      path,
      // A damaged file may have a column without a name.
      columns: schema.children.map(({ element: { name = '' } }) => ({
        name,
        classNames: classes.get(name),
      })),
      rows: (names) => naming(path, rowsOf(file, metadata, schema, names)),
      close: () => file.close(),
    };
  } catch (error) {
    await file.close();
    throw failureOf(path, error);
  }
}

async function refuseOther(path: string, file: RandomAccess): Promise<void> {
  const start = (await file.read(0, 4)).toString('latin1');
  if (start === 'PARE') throw sourceError(path, 'it is encrypted');
  if (start !== MAGIC) throw sourceError(path, 'it is no Parquet file');
  const end = (await file.read(file.size - 4, 4)).toString('latin1');
  if (end !== MAGIC) throw sourceError(path, 'the Parquet file is cut off');
}

async function metadataOf(file: RandomAccess): Promise<FileMetaData> {
  return await parquetMetadataAsync(
    {
      byteLength: file.size,
      slice: async (start, end = file.size) =>
        new Uint8Array(await file.read(start, end - start)).buffer,
    },
    { geoparquet: false },
  );
}

async function* rowsOf(
  file: RandomAccess,
  metadata: FileMetaData,
  schema: SchemaTree,
  names: readonly string[],
): AsyncGenerator<readonly Cell[]> {
  for (const group of metadata.row_groups) {
    const columns = names.map((name) =>
      readColumn(file, chunkOf(group, schema, name), names.length),
    );
    yield* zipColumns(columns, Number(group.num_rows));
  }
}

function chunkOf(group: RowGroup, schema: SchemaTree, name: string): ColumnChunk {
  const chunks = group.columns.filter(({ meta_data }) => meta_data?.path_in_schema[0] === name);
  const [first] = chunks;
  if (first?.meta_data === undefined) throw new Error(`a row group has no column "${name}"`);
  if (chunks.length > 1) throw new Error(`the column "${name}" has several fields`);
  if (first.file_path) throw new Error('its columns lie in other files');
  const { path_in_schema: path, type } = first.meta_data;
  const schemaPath = getTreePath(schema, path);
  const { element } = schemaPath.at(-1)!;
  const depth = schemaPath.filter((node) => node.element.repetition_type === 'REPEATED').length;
  if (depth > 2) throw new Error(`the lists of the column "${name}" are nested more than twice`);
  if (element.type !== type) throw new Error(`the column "${name}" has two types`);
  return { metadata: first.meta_data, schemaPath };
}

/** Names the file in errors of the decoders. */
async function* naming<T>(path: string, items: AsyncIterable<T>): AsyncGenerator<T> {
  try {
    yield* items;
  } catch (error) {
    throw failureOf(path, error);
  }
}

function failureOf(path: string, error: unknown): unknown {
  if (error instanceof LockstepError) return error;
  const reason = (error as Error).message;
  return sourceError(
    path,
    `the Parquet file is damaged or of a kind that is not read (${reason})`,
    {
      cause: error,
      advice: 'Write it again with pyarrow or polars, or save the values as .npz or .jsonl.',
    },
  );
}
