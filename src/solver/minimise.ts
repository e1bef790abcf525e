/**
 * L-BFGS: Liu & Nocedal, "On the limited memory BFGS method for large scale optimization" (1989), for convex functions
 * whose Hessian is near a multiple of the identity.
 */
import { addScaled, dot } from './matrix.ts';

export interface Value {
  readonly value: number;
  readonly gradient: Float64Array;
}

export interface MinimiseOptions {
  /** Stops when the gradient is no longer. */
  readonly longestGradient: number;
  /** @default 1000 */
  readonly iterations?: number;
}

/** Pairs of steps and changes of the gradient that are remembered. */
const MEMORY = 10;
/** Part of the expected decrease that a step must reach. */
const SUFFICIENT = 1e-4;
/** Near the minimum rounding hides decreases below this share of the value; there the slope decides. */
const HIDDEN = 1e-9;
const FLATTER = 0.9;
const HALVINGS = 40;

interface Pair {
  readonly step: Float64Array;
  readonly change: Float64Array;
  readonly product: number;
}

/** The minimiser of a smooth convex function, from `start`. Ends early where rounding allows no further decrease. */
export function minimise(
  evaluate: (at: Float64Array) => Value,
  start: Float64Array,
  { longestGradient, iterations = 1000 }: MinimiseOptions,
): Float64Array {
  const pairs: Pair[] = [];
  let at = start;
  let here = evaluate(at);
  for (let iteration = 0; iteration < iterations; iteration++) {
    if (Math.sqrt(inner(here.gradient, here.gradient)) <= longestGradient) break;
    const direction = descentDirection(here.gradient, pairs);
    const next = lineSearch(evaluate, at, here, direction);
    if (next === undefined) break;
    remember(pairs, difference(next.at, at), difference(next.gradient, here.gradient));
    at = next.at;
    here = next;
  }
  return at;
}

/** −H · gradient, by the two-loop recursion. */
function descentDirection(gradient: Float64Array, pairs: readonly Pair[]): Float64Array {
  const size = gradient.length;
  const direction = gradient.map((value) => -value);
  const factors = new Array<number>(pairs.length);
  for (let i = pairs.length - 1; i >= 0; i--) {
    const { step, change, product } = pairs[i]!;
    factors[i] = inner(step, direction) / product;
    addScaled(direction, 0, -factors[i]!, change, 0, size);
  }
  const scale = scaleOf(pairs.at(-1));
  for (let j = 0; j < size; j++) direction[j]! *= scale;
  for (const [i, { step, change, product }] of pairs.entries()) {
    addScaled(direction, 0, factors[i]! - inner(change, direction) / product, step, 0, size);
  }
  return direction;
}

/** The inverse of the curvature along the last step. */
const scaleOf = (pair: Pair | undefined): number =>
  pair === undefined ? 1 : pair.product / inner(pair.change, pair.change);

/** Halves the step until it decreases the function enough; undefined when none does. */
function lineSearch(
  evaluate: (at: Float64Array) => Value,
  from: Float64Array,
  here: Value,
  direction: Float64Array,
): (Value & { readonly at: Float64Array }) | undefined {
  const slope = inner(here.gradient, direction);
  const slack = HIDDEN * (1 + Math.abs(here.value));
  let length = 1;
  for (let halving = 0; halving < HALVINGS; halving++, length /= 2) {
    const at = from.slice();
    addScaled(at, 0, length, direction, 0, at.length);
    const there = evaluate(at);
    const rise = there.value - here.value;
    const isFlatter = Math.abs(inner(there.gradient, direction)) < FLATTER * -slope;
    if (rise <= SUFFICIENT * length * slope || (rise <= slack && isFlatter))
      return { ...there, at };
  }
  return undefined;
}

/** A pair without curvature, as rounding makes it, would spoil the approximation. */
function remember(pairs: Pair[], step: Float64Array, change: Float64Array): void {
  const product = inner(step, change);
  if (!(product > 0)) return;
  pairs.push({ step, change, product });
  if (pairs.length > MEMORY) pairs.shift();
}

const inner = (a: Float64Array, b: Float64Array): number => dot(a, 0, b, 0, a.length);

const difference = (a: Float64Array, b: Float64Array): Float64Array =>
  a.map((value, i) => value - b[i]!);
