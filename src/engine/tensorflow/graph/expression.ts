/**
 * Sizes that depend on a micro-batch's, as `factor · Πdimensions + offset`: `rows · length`, `length + 256`,
 * `rows · 8 − 8`, or a plain number. The grammar is small on purpose: what it cannot say is refused.
 */

/** The dimensions that differ between micro-batches, by name, in one recording. */
export type Dimensions = Readonly<Record<string, number>>;

export interface Expression {
  readonly factor: number;
  /** Names; their product counts. None: the expression is `offset` alone. */
  readonly dimensions: readonly string[];
  readonly offset: number;
}

export function evaluate({ factor, dimensions, offset }: Expression, at: Dimensions): number {
  return factor * product(dimensions, at) + offset;
}

/**
 * Every expression that has the first two values at the first two dimensions and all the others at theirs.
 * @param values at least two, one for each of `at`
 */
export function expressionsFor(
  values: readonly number[],
  at: readonly Dimensions[],
): readonly Expression[] {
  if (values.every((value) => value === values[0])) {
    return [{ factor: 0, dimensions: [], offset: values[0]! }];
  }
  return productsOf(Object.keys(at[0]!))
    .map((dimensions) => lineThrough(dimensions, values, at))
    .filter((found) => found !== undefined)
    .filter((found) => values.every((value, index) => evaluate(found, at[index]!) === value));
}

function lineThrough(
  dimensions: readonly string[],
  values: readonly number[],
  at: readonly Dimensions[],
): Expression | undefined {
  const [first, second] = [product(dimensions, at[0]!), product(dimensions, at[1]!)];
  const factor = (values[0]! - values[1]!) / (first - second);
  if (!Number.isInteger(factor) || factor === 0) return undefined;
  return { factor, dimensions, offset: values[0]! - factor * first };
}

/** Each dimension and each pair of different ones. */
function productsOf(names: readonly string[]): string[][] {
  const pairs = names.flatMap((a, index) => names.slice(index + 1).map((b) => [a, b]));
  return [...names.map((name) => [name]), ...pairs];
}

function product(names: readonly string[], at: Dimensions): number {
  return names.reduce((result, name) => result * at[name]!, 1);
}
