/**
 * An importer of one's own: FASTA, the text format of biological sequences. A line that begins with ">" names the
 * sequence and its class; the lines up to the next one hold its letters.
 *
 *   >seq1 promoter
 *   ACGTTGCA
 *   TTAG
 *
 *   lockstep data import reads.fasta data/reads --extension examples/fasta-importer.ts
 */
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { defineImporter, LockstepError, type RawRecord, z } from 'lockstep';

const options = z.strictObject({
  /** Letters in the order of their symbols: the first one is 0. */
  alphabet: z.string().min(2).default('ACGTN'),
});

export default defineImporter({
  kind: 'fasta',
  options,
  accepts: (path) => /\.(fasta|fa)$/.test(path),
  records,
});

/** One sequence after the other: never more than one is held. */
async function* records(
  path: string,
  { alphabet }: z.output<typeof options>,
): AsyncGenerator<RawRecord> {
  let header: { id: string; label: string | undefined } | undefined;
  let values: number[] = [];
  let line = 0;
  for await (const text of createInterface({ input: createReadStream(path) })) {
    line++;
    if (text.startsWith('>')) {
      if (header !== undefined) yield { ...header, values };
      const [id = '', label] = text.slice(1).trim().split(/\s+/);
      header = { id, label };
      values = [];
    } else if (header === undefined && text.trim() !== '') {
      throw wrong(path, line, 'it comes before the first line that begins with ">"');
    } else {
      for (const letter of text.trim()) values.push(symbolOf(letter, alphabet, path, line));
    }
  }
  if (header !== undefined) yield { ...header, values };
}

function symbolOf(letter: string, alphabet: string, path: string, line: number): number {
  const symbol = alphabet.indexOf(letter.toUpperCase());
  if (symbol >= 0) return symbol;
  throw wrong(path, line, `"${letter}" is none of the letters ${alphabet}`);
}

function wrong(path: string, line: number, what: string): LockstepError {
  const advice = 'Correct the line, or name the letters by --option alphabet=ACGT.';
  return new LockstepError('DATA_INVALID', `Cannot read "${path}", line ${line}: ${what}.`, advice);
}
