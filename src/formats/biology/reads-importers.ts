/** The importers of FASTA and FASTQ: their options, and what they take. */
import { z } from 'zod';
import { defineImporter } from '../../source/define-importer.ts';
import { contentName } from '../../source/file/compressed.ts';
import { importFasta, importFastq } from './import-reads.ts';

/** As in `FastaOptions`. */
const shared = {
  alphabet: z.string().optional(),
  kmer: z.int().min(1).max(8).default(1),
  stride: z.int().min(1).default(1),
  labelPattern: z.string().optional(),
};
const fastaOptions = z.object(shared);
const fastqOptions = z.object({
  ...shared,
  qualities: z.enum(['none', 'values', 'channel']).default('none'),
  phred: z.union([z.literal(33), z.literal(64)]).optional(),
});

export const fastaImporter = defineImporter({
  kind: 'fasta',
  options: fastaOptions,
  accepts: (path) => /\.(fasta|fa|fna|ffn|frn|faa)$/i.test(contentName(path)),
  records: importFasta,
});

export const fastqImporter = defineImporter({
  kind: 'fastq',
  options: fastqOptions,
  accepts: (path) => /\.(fastq|fq)$/i.test(contentName(path)),
  records: importFastq,
});
