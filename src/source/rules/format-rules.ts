/** The rules of an import that concern single formats. An absent one means the importer's default. */
import { z } from 'zod';

/** Their types, as a dataset's manifest keeps them; each importer checks its own. */
export const formatRules = z.object({
  /** Number of channels (tables), or which of an array's axes holds them: first or last. */
  channels: z.union([z.number(), z.string()]).optional(),
  /** Array that says where sequences start and end (NumPy). */
  offsets: z.string().optional(),
  /** Finds the class in a header (FASTA, FASTQ). */
  labelPattern: z.string().optional(),
  /** The letters of sequences, in the order of their values. */
  alphabet: z.string().optional(),
  /** Letters that make one value. */
  kmer: z.number().optional(),
  /** Letters from one k-mer to the next. */
  stride: z.number().optional(),
  /** What becomes of qualities (FASTQ). */
  qualities: z.string().optional(),
  /** The character that stands for a quality of 0 (FASTQ). */
  phred: z.number().optional(),
  /** Keeps one of so many samples, behind a low-pass filter (WAV). */
  decimate: z.number().optional(),
});

export type FormatRules = z.output<typeof formatRules>;

export function formatRulesOf(options: FormatRules): FormatRules {
  const { channels, offsets, labelPattern, alphabet, kmer, stride } = options;
  const { qualities, phred, decimate } = options;
  return { channels, offsets, labelPattern, alphabet, kmer, stride, qualities, phred, decimate };
}
