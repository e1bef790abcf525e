/**
 * Ridge classifiers on one kind of features, each seen on another number of directions: those in which all training
 * sequences differ most, with or without a label.
 */
import { type Eigenpairs, leadingEigenpairs } from '../solver/eigen.ts';
import { type Matrix, matrix, multiply, multiplyByTransposed } from '../solver/matrix.ts';
import { fitCentredRidge } from '../solver/ridge.ts';
import type { Products } from './products.ts';

/** Numbers of directions. */
const DIRECTIONS = [8, 12, 16, 24, 32, 48, 64];
/** Penalties; sequences have length 1 on average. */
export const PENALTIES: readonly number[] = [0.1, 0.01, 0.001, 1];
/** Share of the features as they are, beside those on the directions: many labels find more in them. */
const AS_THEY_ARE = 0.1;
/** Directions with a smaller share of the first one's variance are noise of the arithmetic. */
const LEAST_VARIANCE = 1e-6;
/** More rows for each direction make it mean something. */
const ROWS_A_DIRECTION = 3;

/** A fitted classifier. Its scores are `intercepts` plus `coefficients` times the centred inner products. */
export interface Candidate {
  /** Undefined for the features as they are. */
  readonly directions: number | undefined;
  readonly alpha: number;
  /** `[outputs, fitted rows]`. */
  readonly coefficients: Matrix;
  /** `[outputs]`. */
  readonly intercepts: Float64Array;
  /** `[labelled, outputs]`: what a fit without a row says of it. */
  readonly leaveOneOut: () => Matrix;
}

/** The directions in which the fitted rows differ most. */
export const directionsOf = ({ fitted }: Products): Eigenpairs =>
  leadingEigenpairs(
    fitted,
    Math.min(DIRECTIONS.at(-1)!, Math.floor(fitted.rows / ROWS_A_DIRECTION)),
  );

/**
 * @param labelled which of the fitted rows have labels
 * @param y `[labelled, outputs]`
 */
export function* candidates(
  { fitted }: Products,
  { values, vectors }: Eigenpairs,
  labelled: Int32Array,
  y: Matrix,
): Generator<Candidate> {
  const rows = fitted.rows;
  const asTheyAre = asTheyAreOf(fitted);
  const known = values.filter((value) => value > LEAST_VARIANCE * values[0]!).length;
  for (const directions of DIRECTIONS.filter((count) => count <= known)) {
    const u = matrix(directions, rows, vectors.values.subarray(0, directions * rows));
    const view = whitened(u, values, asTheyAre);
    yield* fits(fitted, { labelled, y, directions, view });
  }
  const view = { ofProducts: (own: Matrix) => scaled(own, asTheyAre), toFitted: spread(asTheyAre) };
  yield* fits(fitted, { labelled, y, directions: undefined, view });
}

/** A way to see the rows. */
interface View {
  /** `[labelled, labelled]`: inner products as they are seen, of the products of the labelled rows. */
  readonly ofProducts: (own: Matrix, labelled: Int32Array) => Matrix;
  /** `[outputs, fitted]` coefficients for products as they are, from `[outputs, labelled]`. */
  readonly toFitted: (coefficients: Matrix, labelled: Int32Array, rows: number) => Matrix;
}

interface FitsOptions {
  readonly labelled: Int32Array;
  readonly y: Matrix;
  readonly directions: number | undefined;
  readonly view: View;
}

function* fits(
  fitted: Matrix,
  { labelled, y, directions, view }: FitsOptions,
): Generator<Candidate> {
  const gram = centredOnItself(view.ofProducts(square(fitted, labelled), labelled));
  for (const alpha of PENALTIES) {
    const fit = fitCentredRidge(gram, y, alpha);
    const coefficients = view.toFitted(fit.coefficients, labelled, fitted.rows);
    yield {
      directions,
      alpha,
      coefficients,
      intercepts: interceptsOf(fit.intercepts, coefficients, fitted, labelled),
      leaveOneOut: fit.leaveOneOut,
    };
  }
}

/** What makes the mean square of the rows' lengths 1. */
function asTheyAreOf({ rows, values }: Matrix): number {
  let trace = 0;
  for (let i = 0; i < rows; i++) trace += values[i * (rows + 1)]!;
  return trace > 0 ? rows / trace : 1;
}

/** On directions, each scaled to variance 1 / directions, and a little as they are. @param u `[directions, rows]` */
function whitened(u: Matrix, variances: Float64Array, scale: number): View {
  const { rows: directions, columns: rows } = u;
  const factor = rows / directions;
  const of = (labelled: Int32Array) => columnsOf(u, labelled);
  return {
    ofProducts: (own, labelled) => {
      const part = of(labelled);
      const seen = multiplyByTransposed(part, part);
      return matrix(
        seen.rows,
        seen.columns,
        seen.values.map((value, at) => factor * value + AS_THEY_ARE * scale * own.values[at]!),
      );
    },
    toFitted: (coefficients, labelled) => {
      const part = of(labelled);
      const onDirections = multiply(coefficients, part);
      for (let at = 0; at < onDirections.values.length; at++) {
        onDirections.values[at]! *= factor / variances[at % directions]!;
      }
      const result = multiply(onDirections, u);
      const others = spread(AS_THEY_ARE * scale)(coefficients, labelled, rows);
      for (let at = 0; at < result.values.length; at++) result.values[at]! += others.values[at]!;
      return result;
    },
  };
}

/** `[labelled, directions]`. */
function columnsOf(u: Matrix, labelled: Int32Array): Matrix {
  const result = matrix(labelled.length, u.rows);
  for (const [i, row] of labelled.entries()) {
    for (let j = 0; j < u.rows; j++) result.values[i * u.rows + j] = u.values[j * u.columns + row]!;
  }
  return result;
}

const scaled = ({ rows, columns, values }: Matrix, scale: number): Matrix =>
  matrix(
    rows,
    columns,
    values.map((value) => scale * value),
  );

/** Puts the labelled rows' coefficients among those of all fitted rows. */
const spread =
  (scale: number): View['toFitted'] =>
  (coefficients, labelled, rows) => {
    const result = matrix(coefficients.rows, rows);
    for (let k = 0; k < coefficients.rows; k++) {
      for (const [i, row] of labelled.entries()) {
        result.values[k * rows + row] = scale * coefficients.values[k * labelled.length + i]!;
      }
    }
    return result;
  };

/** The products of the labelled rows among themselves. */
function square(fitted: Matrix, labelled: Int32Array): Matrix {
  const result = matrix(labelled.length, labelled.length);
  for (const [i, row] of labelled.entries()) {
    for (const [j, column] of labelled.entries()) {
      result.values[i * labelled.length + j] = fitted.values[row * fitted.columns + column]!;
    }
  }
  return result;
}

/** Of rows minus their own mean. */
function centredOnItself({ rows, values }: Matrix): Matrix {
  const means = new Float64Array(rows);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < rows; j++) means[j]! += values[i * rows + j]! / rows;
  }
  const mean = means.reduce((sum, value) => sum + value, 0) / rows;
  return matrix(
    rows,
    rows,
    values.map((value, at) => value + mean - means[at % rows]! - means[Math.floor(at / rows)]!),
  );
}

/** So that the mean score of the labelled rows is that of their targets. */
function interceptsOf(
  means: Float64Array,
  coefficients: Matrix,
  fitted: Matrix,
  labelled: Int32Array,
): Float64Array {
  const ofMean = new Float64Array(fitted.rows);
  for (const row of labelled) {
    for (let j = 0; j < fitted.rows; j++) {
      ofMean[j]! += fitted.values[row * fitted.columns + j]! / labelled.length;
    }
  }
  const score = multiplyByTransposed(coefficients, matrix(1, fitted.rows, ofMean));
  return means.map((mean, k) => mean - score.values[k]!);
}
