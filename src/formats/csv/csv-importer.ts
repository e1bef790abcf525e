/** The importer of CSV files: its options, and what it takes. */
import { z } from 'zod';
import { defineImporter } from '../../source/define-importer.ts';
import { contentName } from '../../source/file/compressed.ts';
import { tableColumns } from '../../source/table/column-options.ts';
import { csvColumns, csvRecords } from './import-csv.ts';

export const csvImporter = defineImporter({
  kind: 'csv',
  options: z.object({
    ...tableColumns,
    delimiter: z.string().optional(),
    /** What stands before the fraction of a value. */
    decimal: z.enum(['.', ',']).default('.'),
    noHeader: z.boolean().default(false),
  }),
  accepts: (path) => /\.(csv|tsv|txt)$/i.test(contentName(path)),
  records: csvRecords,
  columns: async (path, { delimiter, noHeader, ...columns }) =>
    await csvColumns({ path, columns, delimiter, noHeader }),
});
