/**
 * Locks of folders on a disk that several hosts see. Nobody can ask another host whether a process lives there, so the
 * owner touches its lock every two seconds. A lock that nobody has touched for thirty seconds of a waiting process's own
 * clock has a dead owner. An owner that was only asleep, or cut off, notices that it has lost the folder.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { LockstepError } from './errors.ts';
import { type FolderLock, lockFolder } from './folder-lock.ts';
import { parseOwner } from './lock-owner.ts';
import { breakLock, type LockSeen, renewedElsewhere, seenLock } from './renewed-lock.ts';

const RENEW_MS = 2_000;
const LEASE_MS = 30_000;
const LOOK_MS = 500;

/** A lock that is renewed until it is released. */
export interface Lease extends FolderLock {
  /** Aborts with a LockstepError, RUN_TAKEN_OVER, once another process has taken the folder over. */
  readonly lost: AbortSignal;
  /** Looks now whether another process has taken the folder over. */
  check(): Promise<void>;
}

/**
 * Takes the lock of a folder and renews it. For processes whose main thread is never busy for long.
 * @param renewMs milliseconds from one renewal to the next
 * @param epoch see `epochAfter`
 * @throws LockstepError RUN_LOCKED, see `lockFolder`
 */
export function leaseFolder(folder: string, renewMs = RENEW_MS, epoch?: number): Lease {
  const lock = lockFolder(folder, { isRenewed: true, epoch });
  const loss = new AbortController();
  let isRenewing = false;
  const renew = async (): Promise<void> => {
    if (isRenewing) return;
    isRenewing = true;
    const isHeld = await lock.renew();
    isRenewing = false;
    if (isHeld) return;
    clearInterval(timer);
    loss.abort(takenOver(folder));
  };
  const timer = setInterval(() => void renew(), renewMs);
  timer.unref();
  const release = (): void => {
    clearInterval(timer);
    lock.release();
  };
  const leave = (): void => {
    clearInterval(timer);
    lock.leave();
  };
  return { ...lock, release, leave, lost: loss.signal, check: renew };
}

/**
 * Takes the folder of an owner that is taken for dead, or that more than half of the hosts don't hear.
 * @param from the lock that may be taken away; `touchedMs` where it must not have been touched since
 * @param epoch see `epochAfter`
 * @throws LockstepError RUN_LOCKED when the folder has another owner by now or none, or this one gives a sign of life
 */
export function seizeFolder(
  folder: string,
  from: Pick<LockSeen, 'text'> & Partial<LockSeen>,
  epoch?: number,
): Lease {
  const now = seenLock(folder);
  const isUntouched = from.touchedMs === undefined || from.touchedMs === now?.touchedMs;
  if (now?.text !== from.text || !isUntouched) throw notTaken(folder);
  breakLock(folder, now);
  return leaseFolder(folder, RENEW_MS, epoch);
}

/**
 * The number of the owner that takes the folder from the one of this lock. It stands in the next lock, so the numbers
 * only grow from owner to owner, and no two locks are alike.
 */
export const epochAfter = (text: string, least: number): number =>
  Math.max(least, (parseOwner(text)?.epoch ?? 0) + 1);

/** Whether the owner of a folder gives signs of life, as seen by one process, which asks again and again. */
export class OwnerWatch {
  readonly #folder: string;
  readonly #leaseMs: number;
  #seen: LockSeen | undefined;
  #sinceMs: number;

  constructor(folder: string, leaseMs = LEASE_MS) {
    this.#folder = folder;
    this.#leaseMs = leaseMs;
    this.#seen = seenLock(folder);
    this.#sinceMs = performance.now();
  }

  /** The lock that the owner has not touched for so long; undefined while it gives signs of life. */
  silent(): LockSeen | undefined {
    const now = seenLock(this.#folder);
    const isQuiet = now !== undefined && this.#seen !== undefined && isSame(this.#seen, now);
    if (!isQuiet) {
      this.#seen = now;
      this.#sinceMs = performance.now();
    }
    return performance.now() - this.#sinceMs >= this.#leaseMs ? this.#seen : undefined;
  }
}

/** How a wait goes on. */
export interface OutwaitHooks {
  /** Told once before the wait, and once at a takeover. */
  readonly tell: (text: string) => void;
  /** Called twice a second; what it throws ends the wait. */
  readonly throwIfStopped: () => void;
  /** @default thirty seconds */
  readonly leaseMs?: number;
}

/**
 * Waits where the folder's owner is on another host: until it gives a sign of life, or its lock is removed since it gave
 * none. Returns at once for every other folder. Lock the folder next: that refuses one whose owner lives.
 */
export async function outwait(
  folder: string,
  { tell, throwIfStopped, leaseMs = LEASE_MS }: OutwaitHooks,
): Promise<void> {
  const first = renewedElsewhere(folder);
  if (first === undefined) return;
  const { host, pid } = first;
  const owner = `process ${pid} on host "${host}"`;
  const seconds = Math.round(leaseMs / 1000);
  tell(`"${folder}" belongs to ${owner}: waiting up to ${seconds} s for a sign of life of it.`);
  const startedMs = performance.now();
  while (performance.now() - startedMs < leaseMs) {
    await sleep(Math.min(LOOK_MS, leaseMs));
    throwIfStopped();
    if (!isSame(first, renewedElsewhere(folder))) return;
  }
  breakLock(folder, first);
  tell(`Took "${folder}" over from ${owner}, which gave no sign of life for ${seconds} s.`);
}

const isSame = (first: LockSeen, now: LockSeen | undefined): boolean =>
  now?.text === first.text && now.touchedMs === first.touchedMs;

const notTaken = (folder: string): LockstepError =>
  new LockstepError(
    'RUN_LOCKED',
    `Another process was first to take "${folder}" over, or its owner is back.`,
    'Look at "lock" in that folder: it names the process and host that own it.',
  );

const takenOver = (folder: string): LockstepError =>
  new LockstepError(
    'RUN_TAKEN_OVER',
    `Another process has taken "${folder}" over, since this one gave no sign of life there for so long.`,
    'Look at the run that goes on there: "lock" in that folder names its process and host.',
  );
