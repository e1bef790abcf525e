/** Whether a process that ended is started again, and when: pure. */

export interface RestartPolicy {
  /** Processes that may be started in one slot in place of ones that were lost. */
  readonly maxRestarts: number;
  /** Wait before the second restart in a row; the first comes at once, each later one after twice as long. */
  readonly backoffMs: number;
  /** A process that took part for so long makes up for the restarts before it. */
  readonly healthyMs: number;
}

/** Wait before a second restart in a row; later waits double. */
export const BACKOFF_MS = 1_000;
const LONGEST_BACKOFF_MS = 60_000;
/** A process that was there for so long starts with a clean record. */
export const HEALTHY_MS = 10 * 60_000;

export interface RestartRecord {
  /** Restarts in a row. */
  readonly restarts: number;
  /** When the process that ended had joined; null if it never did. */
  readonly joinedMs: number | null;
}

export type RestartDecision =
  | { readonly kind: 'restart'; readonly restarts: number; readonly delayMs: number }
  | { readonly kind: 'leaveOut' };

export function decideRestart(
  { maxRestarts, backoffMs, healthyMs }: RestartPolicy,
  { restarts, joinedMs }: RestartRecord,
  nowMs: number,
): RestartDecision {
  const wasHealthy = joinedMs !== null && nowMs - joinedMs >= healthyMs;
  const inARow = wasHealthy ? 0 : restarts;
  if (inARow >= maxRestarts) return { kind: 'leaveOut' };
  const delayMs = inARow === 0 ? 0 : backoffMs * 2 ** (inARow - 1);
  return { kind: 'restart', restarts: inARow + 1, delayMs: Math.min(delayMs, LONGEST_BACKOFF_MS) };
}
