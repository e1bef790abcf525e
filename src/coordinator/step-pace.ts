/**
 * How long a training step may block a worker's main thread before it counts as hung: a pure reducer over the
 * times that the workers report. It is known once some steps of a phase were done by these workers: the first
 * ones of a phase, or in a new process, build graphs.
 */
import type { JsonObject } from '../core/json.ts';
import { timesOf } from './stragglers.ts';

/** Steps that must have been seen, and that are looked back on. */
const FEWEST = 10;
const WINDOW = 20;
/** So many times the slowest of them. */
const FACTOR = 20;

export interface StepPace {
  /** Milliseconds of the slowest worker in the slowest of the last steps. */
  readonly slowestMs: number;
  readonly deadlineMs: number;
}

/** Of each of the last steps of this phase and generation, the milliseconds of the slowest worker. */
export type PaceState = readonly number[];

export const NO_PACE: PaceState = [];

/** @param reports of one step, one a worker */
export function reducePace(state: PaceState, reports: readonly JsonObject[]): PaceState {
  if (reports.some(({ phaseEnds }) => phaseEnds === true)) return NO_PACE;
  const times = reports.map(timesOf).filter((one) => one !== null);
  if (times.length === 0) return state;
  const slowest = Math.max(...times.map(({ data, compute }) => data + compute));
  return [...state, slowest].slice(-WINDOW);
}

/** Null until enough steps were seen. */
export function paceOf(state: PaceState, shortestMs: number): StepPace | null {
  if (state.length < FEWEST) return null;
  const slowestMs = Math.max(...state);
  return { slowestMs, deadlineMs: Math.max(shortestMs, FACTOR * slowestMs) };
}
