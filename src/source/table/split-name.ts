/** The names that people give to splits. Pure. */
import { didYouMean } from '../../core/nearest-name.ts';
import { SPLITS, type Split } from '../../data/format/store.ts';

/** In small letters. Other words, such as "eval" or "holdout", may mean either: they are refused. */
const NAMES: Readonly<Record<string, Split>> = {
  train: 'train',
  training: 'train',
  validation: 'validation',
  valid: 'validation',
  val: 'validation',
  dev: 'validation',
  test: 'test',
  testing: 'test',
};

/** The split that a name means, in any case: `val` and `dev` are for validation; undefined for an unknown name. */
export function splitNamed(name: string): Split | undefined {
  const word = name.toLowerCase();
  return Object.hasOwn(NAMES, word) ? NAMES[word] : undefined;
}

/** What is wrong with a name that means no split. */
export function splitProblem(name: string): string {
  return `split "${name}" is none of ${SPLITS.join(', ')}`;
}

/** What to do about it. */
export function splitAdvice(name: string): string {
  const names = Object.keys(NAMES);
  return `Write ${SPLITS.join(', ')} (or ${names.filter((one) => !SPLITS.includes(one as Split)).join(', ')}), or leave the splits out.${didYouMean(name, names)}`;
}
