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
import { listNames } from '../../core/name-list.ts';
import { openRandomAccess, type RandomAccess } from '../../source/file/scratch-file.ts';
import { sourceError } from '../../source/file/source-error.ts';
import type { Cell, ColumnarFile } from './cell.ts';
import { classNamesIn } from './hugging-face-features.ts';
import { type ColumnChunk, readColumn } from './parquet-column.ts';
import { UnreadableColumn } from './unreadable-column.ts';
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
  const type = strangeType(schema.children.find(({ element }) => element.name === name)!);
  if (type !== undefined) throw new UnreadableColumn(name, type);
  if (first.file_path) throw new Error('its columns lie in other files');
  const { path_in_schema: path, type: leafType } = first.meta_data;
  const schemaPath = getTreePath(schema, path);
  const { element } = schemaPath.at(-1)!;
  if (element.type !== leafType) throw new Error(`the column "${name}" has two types`);
  return { metadata: first.meta_data, schemaPath };
}

const isRepeated = ({ element }: SchemaTree): boolean => element.repetition_type === 'REPEATED';

/** A type of which no cell is read; undefined for numbers, text and lists of them. */
function strangeType(column: SchemaTree): string | undefined {
  let node = column;
  let lists = 0;
  while (node.children.length > 0) {
    const [child, more] = node.children;
    const isList = isRepeated(node) || isRepeated(child!);
    if (more !== undefined || !isList || isMap(node)) return groupType(node);
    if (isRepeated(node)) lists++;
    node = child!;
  }
  if (isRepeated(node)) lists++;
  if (lists > MOST_LISTS) return 'lists in lists in lists';
  const { type, logical_type: logical, converted_type: converted, type_length } = node.element;
  if (logical?.type === 'GEOMETRY' || logical?.type === 'GEOGRAPHY') return logical.type;
  if (converted === 'BSON' || converted === 'INTERVAL') return converted;
  const isBytes = type === 'FIXED_LEN_BYTE_ARRAY' && converted !== 'DECIMAL';
  const isRead = logical?.type === 'UUID' || logical?.type === 'FLOAT16';
  return isBytes && !isRead ? `fixed_size_binary[${type_length}]` : undefined;
}

/** Lists in one another. */
const MOST_LISTS = 2;

const isMap = ({ element: { converted_type, logical_type } }: SchemaTree): boolean =>
  converted_type === 'MAP' || converted_type === 'MAP_KEY_VALUE' || logical_type?.type === 'MAP';

function groupType(group: SchemaTree): string {
  const { element, children } = group;
  if (element.logical_type?.type === 'VARIANT') return 'variant';
  if (isMap(group)) return 'map';
  return `struct<${listNames(children.map((child) => child.element.name))}>`;
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
  if (error instanceof UnreadableColumn) return error.of(path);
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
