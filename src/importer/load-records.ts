/**
 * Loads what reads the sources of one built-in importer: neither the others, nor, for text, the schemas of options, which
 * take a thread longer to load than all that it needs.
 */
import type { RecordReader } from './read-source.ts';

type Records = RecordReader['records'];

const columnar = () => import('../formats/columnar/arrow-importer.ts');
const json = () => import('../formats/json/import-json.ts');
const reads = () => import('../formats/biology/import-reads.ts');

const LOADERS: Readonly<Record<string, () => Promise<Records>>> = {
  folder: async () => (await import('./folder/folder-importer.ts')).folderImporter.records,
  csv: async () => (await import('../formats/csv/import-csv.ts')).csvRecords,
  jsonl: async () => (await json()).jsonlRecords,
  json: async () => (await json()).jsonRecords,
  numpy: async () => (await import('../formats/numpy/import-numpy.ts')).numpyImporter.records,
  parquet: async () =>
    (await import('../formats/columnar/parquet-importer.ts')).parquetImporter.records,
  arrow: async () => (await columnar()).arrowImporter.records,
  'hugging-face': async () => (await columnar()).huggingFaceImporter.records,
  ts: async () => (await import('../formats/ucr/import-ts.ts')).tsImporter.records,
  arff: async () => (await import('../formats/ucr/import-arff.ts')).arffImporter.records,
  fasta: async () => (await reads()).importFasta,
  fastq: async () => (await reads()).importFastq,
  wav: async () => (await import('../formats/wav/import-wav.ts')).wavImporter.records,
};

/** @param kind of a built-in importer */
export async function loadRecords(kind: string): Promise<RecordReader> {
  return { kind, records: await LOADERS[kind]!() };
}
