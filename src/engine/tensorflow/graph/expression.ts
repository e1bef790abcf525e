/**
 * Sizes that depend on a micro-batch, as `factor · Πdimensions + offset`: `rows · length`, `length + 256`,
 * `rows · 8 − 8`, or a plain number. The grammar is small on purpose: the engine refuses everything else.
 */

/** The sizes of one recording that differ between micro-batches, by name. */
export type Dimensions = Readonly<Record<string, number>>;

/** `factor · Πdimensions + offset`. */
export interface Expression {
  readonly factor: number;
  /** Names of the dimensions to multiply. None: the expression is `offset` alone. */
  readonly dimensions: readonly string[];
  readonly offset: number;
}

/** The value of an expression at given dimensions. */
export function evaluate({ factor, dimensions, offset }: Expression, at: Dimensions): number {
  return factor * product(dimensions, at) + offset;
}

/**
 * Every expression that gives each of `values` at the dimensions of the same index in `at`.
 * @param values at least two, as many as `at` has entries
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

/** The values of every product of dimensions that an expression may have, each at all of `at`. */
export function productsAt(at: readonly Dimensions[]): number[][] {
  return productsOf(Object.keys(at[0]!)).map((dimensions) =>
    at.map((sizes) => product(dimensions, sizes)),
  );
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

/** Each dimension, and each pair of different dimensions. */
function productsOf(names: readonly string[]): string[][] {
  const pairs = names.flatMap((a, index) => names.slice(index + 1).map((b) => [a, b]));
  return [...names.map((name) => [name]), ...pairs];
}

function product(names: readonly string[], at: Dimensions): number {
  return names.reduce((result, name) => result * at[name]!, 1);
}
