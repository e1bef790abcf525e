/** How a host that comes finds the one that leads. */
import { LockstepError } from '../core/errors.ts';
import { type Reached, reach } from './address.ts';
import type { Invitation } from './rendezvous/host-rendezvous.ts';

/** The first of the leader's addresses that something listens at; null while there is none. */
export async function reachAny({ addresses, port }: Invitation): Promise<Reached | null> {
  const found = await Promise.all(addresses.map((address) => reach(address, port)));
  return found.find((one) => one !== null) ?? null;
}

export function leaderNotFound(waitMs: number): LockstepError {
  return new LockstepError(
    'TIMEOUT',
    `Cannot start the run: the host that leads was not found within ${waitMs / 1000} s.`,
    'Start the same command on each host, and let this one reach the leader by TCP.',
  );
}
