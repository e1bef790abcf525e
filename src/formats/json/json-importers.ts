/** The importers of JSON: their options, and what they take. */
import { z } from 'zod';
import { defineImporter } from '../../source/define-importer.ts';
import { contentName } from '../../source/file/compressed.ts';
import { tableColumns } from '../../source/table/column-options.ts';
import { jsonFields, jsonlFields, jsonlRecords, jsonRecords } from './import-json.ts';

export const jsonlImporter = defineImporter({
  kind: 'jsonl',
  options: z.object(tableColumns),
  accepts: (path) => /\.(jsonl|ndjson)$/i.test(contentName(path)),
  records: jsonlRecords,
  columns: async (path, columns) => await jsonlFields({ path, columns }),
});

export const jsonImporter = defineImporter({
  kind: 'json',
  options: z.object(tableColumns),
  accepts: (path) => /\.json$/i.test(contentName(path)),
  records: jsonRecords,
  columns: async (path, columns) => await jsonFields({ path, columns }),
});
