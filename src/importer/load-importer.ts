/** Loads one built-in importer without the others, which take a thread longer to load than to need. */
import type { ImporterDefinition } from '../source/define-importer.ts';

const columnar = () => import('../formats/columnar/arrow-importer.ts');
const json = () => import('../formats/json/import-json.ts');
const reads = () => import('../formats/biology/import-reads.ts');

const LOADERS: Readonly<Record<string, () => Promise<ImporterDefinition>>> = {
  folder: async () => (await import('./folder/folder-importer.ts')).folderImporter,
  csv: async () => (await import('../formats/csv/import-csv.ts')).csvImporter,
  jsonl: async () => (await json()).jsonlImporter,
  json: async () => (await json()).jsonImporter,
  numpy: async () => (await import('../formats/numpy/import-numpy.ts')).numpyImporter,
  parquet: async () => (await import('../formats/columnar/parquet-importer.ts')).parquetImporter,
  arrow: async () => (await columnar()).arrowImporter,
  'hugging-face': async () => (await columnar()).huggingFaceImporter,
  ts: async () => (await import('../formats/ucr/import-ts.ts')).tsImporter,
  arff: async () => (await import('../formats/ucr/import-arff.ts')).arffImporter,
  fasta: async () => (await reads()).fastaImporter,
  fastq: async () => (await reads()).fastqImporter,
  wav: async () => (await import('../formats/wav/import-wav.ts')).wavImporter,
};

/** @param kind of a built-in importer */
export async function loadImporter(kind: string): Promise<ImporterDefinition> {
  return await LOADERS[kind]!();
}
