/**
 * How far a run may go: a pure reducer that leases steps to the workers and gathers what they report.
 *
 * A worker runs step n only when n < lease, so the coordinator always knows a bound of what may be running
 * and can end a run at one boundary on all ranks: it stops to lease, and the lease that is out becomes the
 * stop (a *drain*). The lease is `LEASE_AHEAD` steps beyond the slowest rank, so that the next grant is
 * already there when a rank asks for it and control messages cost no time.
 *
 * A new generation starts where its furthest worker stands. Steps before that are applied for good, so they are
 * closed with the reports that came; what was reported of later ones came from workers that are gone, and those
 * steps are done again.
 */

import type { Failure } from '../core/failure.ts';
import { failure } from '../core/failure.ts';
import type { JsonObject } from '../core/json.ts';
import { PersistentList } from '../core/persistent-list.ts';
import type { Transition } from '../core/transition.ts';
import type { CoordinatorBody } from '../protocol/messages.ts';
import { replicaDifference, sumsDifference } from './agreement.ts';

/** Two: one step is running, one is granted ahead; more would only lengthen a drain. */
export const LEASE_AHEAD = 2;

export type Sums = Readonly<Record<string, number>>;

export interface ProgressState {
  readonly totalSteps: number;
  /** Workers of the generation; 0 before the first. */
  readonly workers: number;
  /** Next step of the worker in each slot. */
  readonly next: PersistentList<number>;
  /** Steps that all workers have applied, so the next step of the slowest. */
  readonly closed: number;
  /** Steps below it may run. */
  readonly lease: number;
  /** The lease is final. */
  readonly draining: boolean;
  /** Steps after which all workers were last seen to have the same state. */
  readonly agreed: number;
  /** Reports of steps that are not closed. */
  readonly open: readonly StepReports[];
  /** What has been told of the last steps: kind and step. */
  readonly told: readonly string[];
  /**
   * Results that a successor's workers say again, until it knows where they stand: each begins with its own last
   * steps. Null for a coordinator that has heard everything itself.
   */
  readonly held: readonly Told[] | null;
  /** Its journal may lack the last steps, and the last lease, of the coordinator before it. */
  readonly mayLack: boolean;
}

interface StepReports {
  readonly step: number;
  readonly count: number;
  readonly sums: Sums;
  /** By slot. */
  readonly bySlot: PersistentList<SlotReport | undefined>;
}

export interface SlotReport {
  readonly slot: number;
  readonly sums: Sums;
  /** Hash of its state after the step, where that is compared. */
  readonly stateHash?: string | undefined;
  readonly report: JsonObject;
}

/** One global step as the workers report it. */
export interface StepSummary {
  readonly step: number;
  readonly sums: Sums;
  /** In order of slot. */
  readonly reports: readonly JsonObject[];
}

export interface Told {
  readonly slot: number;
  readonly step: number;
  readonly payload: JsonObject;
}

export type ProgressEvent =
  /** A generation starts: its slots, and the step that all of them have come to. */
  | { readonly kind: 'start'; readonly slots: readonly number[]; readonly step: number }
  | ({ readonly kind: 'stepDone'; readonly step: number } & SlotReport)
  | ({ readonly kind: 'result' } & Told)
  | { readonly kind: 'finished'; readonly slot: number; readonly step: number }
  | { readonly kind: 'drain'; readonly cause: string };

export type ProgressEffect =
  | { readonly kind: 'broadcast'; readonly body: CoordinatorBody }
  | { readonly kind: 'step'; readonly summary: StepSummary }
  | ({ readonly kind: 'tell' } & Told)
  /** A message was lost. */
  | { readonly kind: 'gap'; readonly why: string }
  | { readonly kind: 'abort'; readonly failure: Failure };

type Result = Transition<ProgressState, ProgressEffect>;

/** @param slots how many there are, whether or not a worker is in them */
export function initialProgress(totalSteps: number, slots: number): ProgressState {
  return {
    totalSteps,
    workers: 0,
    next: PersistentList.from(Array.from({ length: slots }, () => 0)),
    closed: 0,
    agreed: 0,
    lease: 0,
    draining: false,
    open: [],
    told: [],
    held: null,
    mayLack: false,
  };
}

/** Of a coordinator that takes a run over in which steps below `closed` were told. */
export function succeedingProgress(
  fresh: ProgressState,
  {
    closed,
    told,
    isStopping,
    mayLack,
  }: { closed: number; told: readonly string[]; isStopping: boolean; mayLack: boolean },
): ProgressState {
  return {
    ...fresh,
    // So that no step is closed before the first generation starts.
    workers: Number.POSITIVE_INFINITY,
    next: fresh.next.map(() => closed),
    closed,
    lease: Math.min(closed + LEASE_AHEAD, fresh.totalSteps),
    draining: isStopping,
    told,
    held: [],
    mayLack,
  };
}

export function reduceProgress(state: ProgressState, event: ProgressEvent): Result {
  switch (event.kind) {
    case 'start':
      return onStart(state, event);
    case 'stepDone':
      return onStepDone(state, event);
    case 'result':
      return onResult(state, event);
    case 'finished':
      return onFinished(state, event);
    case 'drain':
      return onDrain(state, event.cause);
  }
}

function onStart(
  state: ProgressState,
  { slots, step }: { slots: readonly number[]; step: number },
): Result {
  const { effects, told } = untold(state, step);
  const next = slots.reduce((list, slot) => list.with(slot, step), state.next);
  const started: ProgressState = {
    ...state,
    workers: slots.length,
    next,
    closed: step,
    // They were compared when they were ready.
    agreed: step,
    lease: step,
    open: [],
    // Steps that are done again from a checkpoint are told again.
    told: step < state.closed ? [] : told,
    held: null,
    mayLack: false,
  };
  const granted = state.draining ? stopHere(started, '') : grant(started, true);
  return { ...granted, effects: [...effects, ...granted.effects] };
}

/** What was reported of steps before `step`, in the order in which a run goes through them. */
function untold(
  state: ProgressState,
  step: number,
): { effects: readonly ProgressEffect[]; told: readonly string[] } {
  const over = state.open.filter((reports) => reports.step < step);
  const held = (state.held ?? []).filter(
    (result, i, all) => all.findIndex((other) => keyOf(other) === keyOf(result)) === i,
  );
  const inOrder = [
    ...over.map((reports) => ({ at: reports.step + 1, effect: summarize(reports) })),
    // After the step that they belong to.
    ...held.map((result) => ({
      at: result.step + 0.5,
      effect: { kind: 'tell', ...result } as const,
    })),
  ].sort((a, b) => a.at - b.at);
  const effects = inOrder.map(({ effect }) => effect);
  return { effects, told: [...state.told, ...held.map(keyOf)] };
}

const keyOf = ({ step, payload }: Told): string => `${step} ${String(payload.kind)}`;

function onStepDone(state: ProgressState, event: SlotReport & { step: number }): Result {
  const { slot, step, sums, stateHash, report } = event;
  return (
    takeReports(state, step, [{ slot, sums, stateHash, report }]) ?? refuseReport(state, event)
  );
}

/**
 * Takes reports of one step that came together, in one pass: the result is that of one after the other. Null unless
 * each is the next one of its worker and all agree; then they must be taken one after the other.
 */
export function takeReports(
  state: ProgressState,
  step: number,
  reports: readonly SlotReport[],
): Result | null {
  const { closed, lease, workers, mayLack } = state;
  const isOpen = step >= closed && (mayLack || step < lease);
  const before =
    state.open.find((other) => other.step === step) ??
    noReports(step, reports[0]!.sums, state.next.length);
  const count = before.count + reports.length;
  if (!isOpen || count > workers) return null;
  if (!reports.every(({ sums }) => sameSums(before.sums, sums))) return null;
  const slots = reports.map(({ slot }) => slot);
  let areNext = true;
  const next = state.next.mapAt(slots, (due) => {
    areNext &&= step === due || (mayLack && step > due);
    return step + 1;
  });
  if (!areNext) return null;
  const bySlot = before.bySlot.mapAt(slots, (_, nth) => reports[nth]);
  const after = { step, count, sums: before.sums, bySlot };
  const open = [...state.open.filter((other) => other !== before), after];
  const advanced: ProgressState = { ...state, next, open };
  return count < workers ? stay(advanced) : closeStep(advanced, after);
}

/** What a report means that is not the next one of its worker, or differs from those of others. */
function refuseReport(
  state: ProgressState,
  { step, ...report }: SlotReport & { step: number },
): Result {
  const { slot } = report;
  const next = state.next.at(slot)!;
  // Said before a change that has overtaken it.
  if (step < next || step < state.closed) return stay(state);
  if (!state.mayLack && step > next) {
    const why = `worker ${slot} reports step ${step}, but step ${next} was not heard of`;
    return { state, effects: [{ kind: 'gap', why }], reason: '' };
  }
  if (!state.mayLack && step >= state.lease) {
    const message = `Worker ${slot} reports step ${step}, but the lease ends before step ${state.lease}.`;
    return stop(state, failure('PROTOCOL', message, 'Start all processes from one installation.'));
  }
  const open = state.open.find((other) => other.step === step)!;
  const said = present({ ...open, bySlot: open.bySlot.with(slot, report) });
  return stop(state, sumsDifference(step, said)!);
}

const noReports = (step: number, sums: Sums, slots: number): StepReports => ({
  step,
  count: 0,
  sums,
  bySlot: PersistentList.from(Array.from({ length: slots }, () => undefined)),
});

const present = ({ bySlot }: StepReports): SlotReport[] =>
  bySlot.toArray().filter((report) => report !== undefined);

function sameSums(a: Sums, b: Sums): boolean {
  const names = Object.keys(a);
  return (
    names.length === Object.keys(b).length && names.every((name) => Object.is(a[name], b[name]))
  );
}

/** All workers have finished a step: hands its summary out and forgets the reports. */
function closeStep(state: ProgressState, reports: StepReports): Result {
  const { step } = reports;
  const open = state.open.filter((other) => other !== reports);
  const compared = present(reports);
  const isCompared = compared.some(({ stateHash }) => stateHash !== undefined);
  const agreed = isCompared ? step + 1 : state.agreed;
  if (isCompared) {
    const between = { agreed: state.agreed, after: step + 1 };
    const difference = replicaDifference(between, compared);
    if (difference !== null) return stop(state, difference);
  }
  // A result is said after its step and before the next: those of older steps can't come any more.
  const told = state.told.filter((key) => Number(key.split(' ')[0]) >= step);
  const granted = grant({ ...state, open, closed: step + 1, agreed, told });
  return { ...granted, effects: [summarize(reports), ...granted.effects] };
}

function summarize(open: StepReports): ProgressEffect {
  const { step, sums } = open;
  const summary = { step, sums, reports: present(open).map(({ report }) => report) };
  return { kind: 'step', summary };
}

/** All workers say the same: the first one is passed on. */
function onResult(state: ProgressState, { slot, step, payload }: Told): Result {
  const result = { slot, step, payload };
  const key = keyOf(result);
  // Results of step n are said with n steps applied, at the latest before step n+1 is closed.
  if (state.told.includes(key) || step < state.closed - 1) return stay(state);
  if (state.held !== null) return stay({ ...state, held: [...state.held, result] });
  const effects: ProgressEffect[] = [{ kind: 'tell', ...result }];
  return { state: { ...state, told: [...state.told, key] }, effects, reason: '' };
}

/** Ranks end at the boundary that was set: the last step, or the end of the final lease. */
function onFinished(state: ProgressState, { slot, step }: { slot: number; step: number }): Result {
  const boundary = state.draining ? state.lease : state.totalSteps;
  if (step === boundary) return stay(state);
  const message = `Worker ${slot} finished at step ${step}, but the run ends at step ${boundary}.`;
  return stop(state, failure('PROTOCOL', message, 'Start all processes from one installation.'));
}

function onDrain(state: ProgressState, cause: string): Result {
  if (state.draining) return stay(state);
  return stopHere({ ...state, draining: true }, cause);
}

/** The lease that is out is the last one. */
function stopHere(state: ProgressState, cause: string): Result {
  const body = { kind: 'drain', stopAt: state.lease } as const;
  return {
    state,
    effects: state.workers === 0 ? [] : [{ kind: 'broadcast', body }],
    reason: cause === '' ? '' : `${cause}: the run stops before step ${state.lease}`,
  };
}

/** Extends the lease if the slowest rank has moved on. */
function grant(state: ProgressState, isFirst = false): Result {
  const until = Math.min(state.closed + LEASE_AHEAD, state.totalSteps);
  if (state.draining || (until <= state.lease && !isFirst)) return stay(state);
  const body = { kind: 'lease', until } as const;
  return { state: { ...state, lease: until }, effects: [{ kind: 'broadcast', body }], reason: '' };
}

function stop(state: ProgressState, reason: Failure): Result {
  return { state, effects: [{ kind: 'abort', failure: reason }], reason: reason.message };
}

function stay(state: ProgressState): Result {
  return { state, effects: [], reason: '' };
}
