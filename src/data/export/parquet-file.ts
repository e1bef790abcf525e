/** Writes a Parquet file row group by row group. */
import { type ColumnSource, fileWriter, ParquetWriter, type SchemaElement } from 'hyparquet-writer';

/** A column and its type. */
export interface ParquetColumn {
  readonly name: string;
  readonly type: 'text' | 'integer' | 'real';
  /** How deep the lists of a row lie in one another; 0: one entry, which may be null. */
  readonly depth: 0 | 1 | 2;
}

/** A file that is being written. */
export interface ParquetFile {
  /** Writes one row group: an entry or a list for each row, by column. */
  write(columns: readonly (readonly unknown[])[]): void;
  /** Writes the footer. */
  finish(): void;
}

const ELEMENT_OF: Readonly<Record<ParquetColumn['type'], Partial<SchemaElement>>> = {
  text: { type: 'BYTE_ARRAY', converted_type: 'UTF8' },
  integer: { type: 'INT32' },
  real: { type: 'FLOAT' },
};

/** Opens a file, which it replaces. */
export function openParquetFile(path: string, columns: readonly ParquetColumn[]): ParquetFile {
  const root = { name: 'root', num_children: columns.length };
  const writer = new ParquetWriter({
    writer: fileWriter(path),
    schema: [root, ...columns.flatMap(schemaOf)],
  });
  return {
    write(rows) {
      const columnData = columns.map(
        ({ name }, i): ColumnSource => ({ name, data: rows[i] as ColumnSource['data'] }),
      );
      void writer.write({ columnData, rowGroupSize: rows[0]!.length });
    },
    finish: () => void writer.finish(),
  };
}

function schemaOf({ name, type, depth }: ParquetColumn): SchemaElement[] {
  if (depth === 0) return [{ name, ...ELEMENT_OF[type], repetition_type: 'OPTIONAL' }];
  const lists = Array.from({ length: depth }, (_, level): SchemaElement[] => [
    {
      name: level === 0 ? name : 'element',
      repetition_type: level === 0 ? 'OPTIONAL' : 'REQUIRED',
      num_children: 1,
      converted_type: 'LIST',
    },
    { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
  ]);
  return [...lists.flat(), { name: 'element', ...ELEMENT_OF[type], repetition_type: 'REQUIRED' }];
}
