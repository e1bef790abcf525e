/** What the folds of a cross-validation say of a mean. */
import type { Source } from './interval.ts';
import { varianceOf } from './mean.ts';

/**
 * The variance of a mean over folds. The folds share most of their training sequences, so they are no independent
 * repeats: their variance counts for 1/k + test/training instead of 1/k (Nadeau & Bengio 2003).
 * @param figures one of each fold, at least two
 * @param testPerTraining test sequences for each training sequence of a fold
 */
export function overFolds(figures: readonly number[], testPerTraining: number): Source {
  const share = 1 / figures.length + testPerTraining;
  return { variance: share * varianceOf(figures), freedom: figures.length - 1 };
}
