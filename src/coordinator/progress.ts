/**
 * How far a run may go: a pure reducer that leases steps to the workers and gathers what they report.
 *
 * A worker runs step n only when n < lease, so the coordinator always knows a bound of what may be running
 * and can end a run at one boundary on all ranks: it stops to lease, and the lease that is out becomes the
 * stop (a *drain*). The lease is `LEASE_AHEAD` steps beyond the slowest rank, so that the next grant is
 * already there when a rank asks for it and control messages cost no time.
 */

import type { Failure } from '../core/failure.ts';
import { failure } from '../core/failure.ts';
import type { JsonObject } from '../core/json.ts';
import type { Transition } from '../core/transition.ts';
import type { CoordinatorBody } from '../protocol/messages.ts';
import { sumsDifference } from './agreement.ts';

/** Two: one step is running, one is granted ahead; more would only lengthen a drain. */
export const LEASE_AHEAD = 2;

export type Sums = Readonly<Record<string, number>>;

export interface ProgressState {
  readonly totalSteps: number;
  /** Next step of each rank; empty before the start. */
  readonly next: readonly number[];
  /** Steps below it may run. */
  readonly lease: number;
  /** The lease is final. */
  readonly draining: boolean;
  /** Reports of steps that not all ranks have finished, by step, in order of arrival. */
  readonly reports: Readonly<Record<number, readonly RankReport[]>>;
}

export interface RankReport {
  readonly rank: number;
  readonly sums: Sums;
  readonly report: JsonObject;
}

/** One global step as all ranks report it. */
export interface StepSummary {
  readonly step: number;
  readonly sums: Sums;
  /** In order of rank. */
  readonly reports: readonly JsonObject[];
}

export type ProgressEvent =
  | { readonly kind: 'start'; readonly worldSize: number; readonly step: number }
  | ({ readonly kind: 'stepDone'; readonly step: number } & RankReport)
  | { readonly kind: 'finished'; readonly rank: number; readonly step: number }
  | { readonly kind: 'drain'; readonly cause: string };

export type ProgressEffect =
  | { readonly kind: 'broadcast'; readonly body: CoordinatorBody }
  | { readonly kind: 'step'; readonly summary: StepSummary }
  | { readonly kind: 'abort'; readonly failure: Failure };

type Result = Transition<ProgressState, ProgressEffect>;

export function initialProgress(totalSteps: number): ProgressState {
  return { totalSteps, next: [], lease: 0, draining: false, reports: {} };
}

export function reduceProgress(state: ProgressState, event: ProgressEvent): Result {
  switch (event.kind) {
    case 'start':
      return grant({ ...state, next: Array(event.worldSize).fill(event.step) });
    case 'stepDone':
      return onStepDone(state, event);
    case 'finished':
      return onFinished(state, event);
    case 'drain':
      return onDrain(state, event.cause);
  }
}

function onStepDone(state: ProgressState, event: RankReport & { step: number }): Result {
  const { rank, step, sums, report } = event;
  if (step !== state.next[rank] || step >= state.lease) {
    const message = `Rank ${rank} reports step ${step}, but its next step is ${state.next[rank]} and the lease ends before step ${state.lease}.`;
    return stop(state, failure('PROTOCOL', message, 'Start all processes from one installation.'));
  }
  const reports = [...(state.reports[step] ?? []), { rank, sums, report }];
  const difference = sumsDifference(
    step,
    reports.toSorted((a, b) => a.rank - b.rank),
  );
  if (difference !== null) return stop(state, difference);
  const next = state.next.with(rank, step + 1);
  const advanced = { ...state, next, reports: { ...state.reports, [step]: reports } };
  return reports.length < next.length ? grant(advanced) : closeStep(advanced, step);
}

/** All ranks have finished `step`: hands its summary out and forgets the reports. */
function closeStep(state: ProgressState, step: number): Result {
  const { [step]: reports = [], ...others } = state.reports;
  const ordered = reports.toSorted((a, b) => a.rank - b.rank);
  const summary = { step, sums: ordered[0]!.sums, reports: ordered.map(({ report }) => report) };
  const granted = grant({ ...state, reports: others });
  return { ...granted, effects: [{ kind: 'step', summary }, ...granted.effects] };
}

/** Ranks end at the boundary that was set: the last step, or the end of the final lease. */
function onFinished(state: ProgressState, { rank, step }: { rank: number; step: number }): Result {
  const boundary = state.draining ? state.lease : state.totalSteps;
  if (step === boundary) return { state, effects: [], reason: '' };
  const message = `Rank ${rank} finished at step ${step}, but the run ends at step ${boundary}.`;
  return stop(state, failure('PROTOCOL', message, 'Start all processes from one installation.'));
}

function onDrain(state: ProgressState, cause: string): Result {
  if (state.draining) return { state, effects: [], reason: '' };
  const body = { kind: 'drain', stopAt: state.lease } as const;
  return {
    state: { ...state, draining: true },
    effects: [{ kind: 'broadcast', body }],
    reason: `${cause}: the run stops before step ${state.lease}`,
  };
}

/** Extends the lease if the slowest rank has moved on. */
function grant(state: ProgressState): Result {
  const until = Math.min(Math.min(...state.next) + LEASE_AHEAD, state.totalSteps);
  if (state.draining || until <= state.lease) return { state, effects: [], reason: '' };
  const body = { kind: 'lease', until } as const;
  return { state: { ...state, lease: until }, effects: [{ kind: 'broadcast', body }], reason: '' };
}

function stop(state: ProgressState, reason: Failure): Result {
  return { state, effects: [{ kind: 'abort', failure: reason }], reason: reason.message };
}
