/**
 * Hosts that were asked to stop and want to leave the run to the others: which of them may go, and when the run is to be
 * saved and ended instead. Pure; the host that leads decides.
 */
import { exitCodeOfSignal, type StopSignal } from '../core/stop-signal.ts';

export interface LeaveRequest {
  /** Its rank. */
  readonly host: number;
  readonly signal: StopSignal;
  readonly sinceMs: number;
  /** It was told that it may go. */
  readonly isGranted: boolean;
}

export interface LeaveSituation {
  /** Rank of the host that leads. */
  readonly leader: number;
  /** Workers that take part, by host; null while not all of them have the run's state. */
  readonly workers: ReadonlyMap<number, number> | null;
  readonly minWorkers: number;
  /** Whether another host may lead. */
  readonly mayHandOver: boolean;
  /** A host that has answered that it is ready to lead next. */
  readonly prepared: number | null;
}

export type LeaveDecision =
  | { readonly kind: 'wait' }
  | { readonly kind: 'letGo'; readonly hosts: readonly number[] }
  /** This host is to lead next: it makes ready and answers. Decided again until it has. */
  | { readonly kind: 'prepare'; readonly next: number }
  /** The leader goes, and this host leads next. */
  | { readonly kind: 'handOver'; readonly next: number; readonly signal: StopSignal }
  /** The run is saved and ended on all hosts. */
  | { readonly kind: 'stop'; readonly signal: StopSignal };

/** A scheduler or terminal that stops all hosts tells them one after the other. */
const GATHER_MS = 1_000;
/** A scheduler kills soon what it has told to stop: what is not ready by then is ended while it can be saved. */
export const LEAVE_LIMIT_MS = 10_000;

const WAIT: LeaveDecision = { kind: 'wait' };

/** The first request of a host counts. */
export function withRequest(
  requests: readonly LeaveRequest[],
  { host, signal, sinceMs }: Omit<LeaveRequest, 'isGranted'>,
): readonly LeaveRequest[] {
  if (requests.some((known) => known.host === host)) return requests;
  return [...requests, { host, signal, sinceMs, isGranted: false }];
}

/** What becomes of all that have asked by now: they go together, or none does. The leader goes last. */
export function decideLeaves(
  requests: readonly LeaveRequest[],
  { leader, workers, minWorkers, mayHandOver, prepared }: LeaveSituation,
  nowMs: number,
): LeaveDecision {
  const open = requests.filter(({ isGranted }) => !isGranted);
  const [first] = open.toSorted((a, b) => a.sinceMs - b.sinceMs);
  if (first === undefined || nowMs - first.sinceMs < GATHER_MS) return WAIT;
  const { signal } = first;
  const isLate = nowMs - first.sinceMs >= LEAVE_LIMIT_MS;
  if (workers === null) return isLate ? { kind: 'stop', signal } : WAIT;
  const staying = [...workers].filter(([host]) => !requests.some((one) => one.host === host));
  const left = staying.reduce((sum, [, count]) => sum + count, 0);
  const isLeaderLeaving = open.some(({ host }) => host === leader);
  if (left < Math.max(1, minWorkers) || (isLeaderLeaving && !mayHandOver)) {
    return { kind: 'stop', signal };
  }
  const others = open.map(({ host }) => host).filter((host) => host !== leader);
  if (others.length > 0) return { kind: 'letGo', hosts: others };
  // Until those that were told so have gone.
  if (open.length < requests.length) return WAIT;
  const next = Math.min(...staying.map(([host]) => host));
  if (prepared === next) return { kind: 'handOver', next, signal };
  return isLate ? { kind: 'stop', signal } : { kind: 'prepare', next };
}

/**
 * How many workers of each host take part.
 * @param slots of those that take part
 * @param hostOf rank of a slot's host; null for one that is not there
 */
export function workersByHost(
  slots: readonly number[],
  hostOf: (slot: number) => number | null,
): ReadonlyMap<number, number> {
  const workers = new Map<number, number>();
  for (const slot of slots) {
    const host = hostOf(slot);
    if (host !== null) workers.set(host, (workers.get(host) ?? 0) + 1);
  }
  return workers;
}

/** How the run ended on a host that has left it. */
export function departure(signal: StopSignal): { exitCode: number; reason: string } {
  const reason = `${signal}: this host has left the run, and the other hosts go on with it.`;
  return { exitCode: exitCodeOfSignal(signal), reason };
}
