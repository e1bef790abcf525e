/** How a host that leads waits for the others: until all have come, can start workers, or are back after a takeover. */
import { setTimeout as sleep } from 'node:timers/promises';
import { LockstepError } from '../core/errors.ts';
import type { AgentOptions } from './host-agent.ts';
import type { HostBook } from './host-book.ts';
import { nameHost } from './roll.ts';

export const LOOK_MS = 50;
/** A host that does not see the run's folder after so long says so, and the run does not begin. */
const READY_MS = 60_000;

/** @throws LockstepError TIMEOUT when some don't come, USAGE when they reach this host by none of its addresses */
export async function untilAllCame(
  book: HostBook,
  { hosts, waitMs, throwIfStopped }: Pick<AgentOptions, 'hosts' | 'waitMs' | 'throwIfStopped'>,
): Promise<void> {
  const startedMs = performance.now();
  while (book.present.length < hosts - 1) {
    throwIfStopped();
    if (performance.now() - startedMs > waitMs) {
      throw incomplete(book.present.length + 1, hosts, waitMs);
    }
    await sleep(LOOK_MS);
  }
  if (book.address === null) throw notOurs();
}

/** @throws LockstepError what keeps one of them from starting workers, TIMEOUT when one says nothing */
export async function untilAllAreReady(book: HostBook, throwIfStopped: () => void): Promise<void> {
  const startedMs = performance.now();
  for (;;) {
    const members = book.all;
    const failed = members.find(({ error }) => error !== null);
    if (failed !== undefined) throw failed.error;
    const late = members.find(({ isReady }) => !isReady);
    if (late === undefined) return;
    throwIfStopped();
    if (performance.now() - Math.max(startedMs, late.preparedAtMs) > READY_MS) {
      throw silent(nameHost(late.entry));
    }
    await sleep(LOOK_MS);
  }
}

/** @param limitMs how long to wait for those that don't come */
export async function untilBack(
  book: HostBook,
  ranks: readonly number[],
  limitMs: number,
): Promise<void> {
  const startedMs = performance.now();
  const isHere = (rank: number) => book.at(rank)?.isHere === true;
  while (!ranks.every(isHere) && performance.now() - startedMs < limitMs) await sleep(LOOK_MS);
}

const incomplete = (here: number, hosts: number, waitMs: number): LockstepError =>
  new LockstepError(
    'TIMEOUT',
    `Cannot start the run: ${here} of ${hosts} hosts came within ${waitMs / 1000} s.`,
    'Start the same command on each host, and let them reach this one by TCP.',
  );

const notOurs = (): LockstepError =>
  new LockstepError(
    'USAGE',
    'Cannot start the run: the other hosts reach this one by an address that is none of its own.',
    'Let the hosts reach each other without translation of addresses.',
  );

const silent = (host: string): LockstepError =>
  new LockstepError(
    'TIMEOUT',
    `Cannot start the run: ${host} said nothing for ${READY_MS} ms.`,
    'Look whether that host is there.',
  );
