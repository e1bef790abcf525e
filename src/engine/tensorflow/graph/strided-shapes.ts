/** The shapes at which a step with strides is recorded, so that no size can be taken for another one. */
import { type Dimensions, productsAt } from './expression.ts';

/** The dimension ⌈length / stride⌉. */
export const coarseLength = (stride: number): string => `length/${stride}`;

/** So many positions of the coarsest activations tell expressions apart. */
const LEAST_POSITIONS = 8;
const LARGEST_SHIFT = 200;

/**
 * The shapes with longer lengths where the strides need them, and with the coarser lengths as dimensions of their own.
 * Two expressions could only agree at all shapes if the differences of their products were in proportion; lengths grow
 * until none are.
 */
export function shapesFor(
  shapes: readonly Dimensions[],
  strides: readonly number[],
): readonly Dimensions[] {
  const shortest = Math.min(...shapes.map(({ length }) => length!));
  const factor = Math.ceil((LEAST_POSITIONS * Math.max(...strides)) / shortest);
  const shifted = (shift: number) =>
    shapes.map((shape, index) => {
      const length = shape.length! * factor + shift * index * index;
      const coarser = strides.map((s) => [coarseLength(s), Math.ceil(length / s)] as const);
      return { ...shape, length, ...Object.fromEntries(coarser) };
    });
  for (let shift = 0; shift < LARGEST_SHIFT; shift++) {
    const candidate = shifted(shift);
    if (areDistinct(candidate)) return candidate;
  }
  // A step that no shapes tell apart is refused where a constant fits two expressions.
  return shifted(1);
}

/** Whether no two products of dimensions grow in proportion from shape to shape. */
export function areDistinct(shapes: readonly Dimensions[]): boolean {
  const growths = productsAt(shapes).map((values) => values.slice(1).map((v) => v - values[0]!));
  return growths.every((a, index) => growths.slice(index + 1).every((b) => !areInProportion(a, b)));
}

/** A product that never changes is a plain number, whatever it is a product of. */
function areInProportion(a: readonly number[], b: readonly number[]): boolean {
  if (a.every((value) => value === 0) || b.every((value) => value === 0)) return false;
  return a.every((value, i) => a.every((other, j) => value * b[j]! === other * b[i]!));
}
