/** Mean and variance of a few numbers. */

/** The mean. */
export const meanOf = (numbers: readonly number[]): number =>
  numbers.reduce((a, b) => a + b, 0) / numbers.length;

/** The unbiased variance; 0 for a single number. */
export function varianceOf(numbers: readonly number[]): number {
  const mean = meanOf(numbers);
  const squares = numbers.reduce((sum, number) => sum + (number - mean) ** 2, 0);
  return squares / Math.max(1, numbers.length - 1);
}
