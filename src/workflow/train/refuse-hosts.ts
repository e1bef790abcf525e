/** What a command says of a run's hosts is refused before anything is started. */
import { LockstepError } from '../../core/errors.ts';
import type { HostsOptions } from '../placement.ts';

/** @throws LockstepError USAGE for a number of hosts that is none */
export function refuseHosts(hosts: number): void {
  if (Number.isInteger(hosts) && hosts >= 2 && hosts <= 1024) return;
  throw new LockstepError(
    'USAGE',
    `Cannot train on ${hosts} hosts: the number must be an integer from 2 to 1024.`,
    'Leave it out for a run of this host.',
  );
}

/** @throws LockstepError USAGE where any host might lead: only one has the data and the run */
export function refuseUnknownLeader({ rendezvous, hostRank }: HostsOptions): void {
  const isNamed =
    rendezvous?.startsWith('tcp:') || (rendezvous !== undefined && hostRank !== undefined);
  if (isNamed) return;
  throw new LockstepError(
    'USAGE',
    'Cannot train with --own-disks: nothing says which host has the run and the data.',
    'Name that host on all hosts: --rendezvous tcp://HOST:29400, with --key-file.',
  );
}
