/** The options of `data import` that concern single formats. */
import type { Argv } from 'yargs';
import type { FormatRules } from '../source/rules/format-rules.ts';

const GROUP = 'Formats:';

export function formatOptions<T>(yargs: Argv<T>): Argv<T & FormatRules> {
  return yargs
    .option('channels', {
      group: GROUP,
      type: 'string',
      coerce: (text: string | undefined) => (/^\d+$/.test(text ?? '') ? Number(text) : text),
      describe: 'Number of channels; NumPy: which axis holds them, first or last',
    })
    .option('offsets', {
      group: GROUP,
      type: 'string',
      describe: 'NumPy: array of the starts of sequences, and the end of the last one',
    })
    .option('label-pattern', {
      group: GROUP,
      type: 'string',
      describe: 'FASTA, FASTQ: finds the class in a header, as in "class=(\\w+)"',
    })
    .option('alphabet', {
      group: GROUP,
      type: 'string',
      describe: 'FASTA, FASTQ: dna, iupac, protein, or the letters themselves',
    })
    .option('kmer', {
      group: GROUP,
      type: 'number',
      describe: 'FASTA, FASTQ: letters that make one value, 1 to 8',
    })
    .option('stride', {
      group: GROUP,
      type: 'number',
      describe: 'FASTA, FASTQ: letters from one k-mer to the next',
    })
    .option('qualities', {
      group: GROUP,
      choices: ['none', 'values', 'channel'],
      describe: 'FASTQ: qualities are left out, are the values, or are a second channel',
    })
    .option('phred', {
      group: GROUP,
      type: 'number',
      choices: [33, 64],
      describe: 'FASTQ: the character that stands for a quality of 0; 64 in old files of Illumina',
    })
    .option('decimate', {
      group: GROUP,
      type: 'number',
      describe: 'WAV: keeps one of so many samples, behind a low-pass filter',
    }) as unknown as Argv<T & FormatRules>;
}
