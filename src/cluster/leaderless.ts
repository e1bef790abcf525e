/**
 * While a host hears no leader: whether the owner of the run's folder gives signs of life, whether the run has ended
 * elsewhere, and when to give up.
 */
import { asLockstepError, type LockstepError } from '../core/errors.ts';
import { OwnerWatch } from '../core/lease.ts';
import type { LockSeen } from '../core/renewed-lock.ts';

/** How often the folder is looked at. */
const LOOK_MS = 500;
/** Longer than it takes to see that a folder has no owner any more. */
const LEAST_MS = 45_000;

export interface LeaderlessHooks {
  readonly throwIfStopped: () => void;
  /** Looks whether the run has ended, and does what follows. */
  readonly lookForEnd: () => void;
  /** The owner gave no sign of life for half a minute. Called again and again. */
  readonly onSilent: () => void;
  /** Nobody leads after so long. */
  readonly onLimit: (limitMs: number) => void;
  readonly onStopped: (error: LockstepError) => void;
}

export class Leaderless {
  readonly #owner: OwnerWatch;
  readonly #timer: NodeJS.Timeout;

  /** @param workersWaitMs how long workers keep their state without a coordinator */
  constructor(runFolder: string, workersWaitMs: number, hooks: LeaderlessHooks) {
    const limitMs = Math.max(LEAST_MS, workersWaitMs);
    const sinceMs = performance.now();
    this.#owner = new OwnerWatch(runFolder);
    this.#timer = setInterval(() => {
      if (performance.now() - sinceMs > limitMs) hooks.onLimit(limitMs);
      try {
        hooks.throwIfStopped();
        hooks.lookForEnd();
        if (this.silentLock !== undefined) hooks.onSilent();
      } catch (thrown) {
        hooks.onStopped(asLockstepError(thrown));
      }
    }, LOOK_MS);
  }

  /** The lock of an owner without a sign of life; undefined while there are some. */
  get silentLock(): LockSeen | undefined {
    return this.#owner.silent();
  }

  end(): void {
    clearInterval(this.#timer);
  }
}
