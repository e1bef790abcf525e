/** Words of k letters as single values. */
import { LockstepError } from '../../core/errors.ts';

/** How letters become values. */
export interface WordRule {
  /** Letters of a word. */
  readonly length: number;
  /** Letters from the start of one word to that of the next. */
  readonly stride: number;
}

const MOST_WORDS = 65_536;

/** @throws LockstepError USAGE for more words than uint16 can number */
export function refuseLongWords({ length }: WordRule, letters: number): void {
  if (letters ** length <= MOST_WORDS) return;
  const most = Math.floor(Math.log(MOST_WORDS) / Math.log(letters));
  throw new LockstepError(
    'USAGE',
    `--kmer ${length} of ${letters} letters makes ${letters ** length} values, more than ${MOST_WORDS}.`,
    `Give --kmer ${most} or less, or fewer letters: --alphabet ACGT leaves out sequences with N and allows --kmer 8.`,
  );
}

/** The words of a sequence: the first letter of a word counts most. */
export function wordsOf(
  letters: Uint8Array,
  size: number,
  { length, stride }: WordRule,
): Uint16Array {
  const count = Math.max(0, Math.floor((letters.length - length) / stride) + 1);
  const words = new Uint16Array(count);
  for (let word = 0; word < count; word++) {
    let value = 0;
    for (let i = word * stride; i < word * stride + length; i++) value = value * size + letters[i]!;
    words[word] = value;
  }
  return words;
}
