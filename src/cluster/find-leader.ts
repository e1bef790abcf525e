/** How a host that comes finds the one that leads. */
import { LockstepError } from '../core/errors.ts';
import type { RenewedElsewhere } from '../core/renewed-lock.ts';
import { hostAndPort } from '../protocol/endpoint.ts';
import { type Reached, reach } from './address.ts';
import type { Invitation } from './rendezvous/host-rendezvous.ts';

/** The first of the leader's addresses that something listens at; null while there is none. */
export async function reachAny({ addresses, port }: Invitation): Promise<Reached | null> {
  const found = await Promise.all(addresses.map((address) => reach(address, port)));
  return found.find((one) => one !== null) ?? null;
}

/** What kept a host from following at last. */
export type Obstacle =
  /** Nothing says where the leader is. */
  | { readonly kind: 'unknown' }
  /** A process of another host trains there, and leads no other one. */
  | { readonly kind: 'alone'; readonly owner: Pick<RenewedElsewhere, 'host' | 'pid'> }
  /** Nothing listens there. */
  | { readonly kind: 'absent'; readonly at: Invitation }
  /** Something listens there and does not answer as a leader. */
  | { readonly kind: 'silent'; readonly at: Invitation }
  /** The leader has as many hosts as it was told. */
  | { readonly kind: 'full'; readonly hosts: number };

export function leaderNotFound(waitMs: number, obstacle: Obstacle): LockstepError {
  const [why, advice] = explained(obstacle);
  const message = `Cannot start the run: the host that leads was not found within ${waitMs / 1000} s${why}.`;
  if (obstacle.kind !== 'full') return new LockstepError('TIMEOUT', message, advice);
  const { hosts } = obstacle;
  return new LockstepError(
    'TIMEOUT',
    `Cannot start the run: all its ${hosts} hosts are there, and none has gone within ${waitMs / 1000} s.`,
    advice,
  );
}

function explained(obstacle: Obstacle): [why: string, advice: string] {
  switch (obstacle.kind) {
    case 'unknown':
      return ['', 'Start the same command on each host, and let this one reach the leader by TCP.'];
    case 'alone': {
      const { pid, host } = obstacle.owner;
      return [
        `: process ${pid} on host "${host}" has the run's folder, and leads no other host`,
        'Wait until it ends, or end it and start it again with --hosts, too.',
      ];
    }
    case 'absent':
      return [
        `: nothing listens at ${placesOf(obstacle.at)}`,
        'Start the same command on each host, that one included, and let this one reach it by TCP.',
      ];
    case 'silent':
      return [
        `: what listens at ${placesOf(obstacle.at)} has another key, or leads no run`,
        'Give all hosts the same key (--key-file, LOCKSTEP_KEY), and look what listens there.',
      ];
    case 'full':
      return ['', 'Start the command on so many hosts only, or on all of them with more --hosts.'];
  }
}

const placesOf = ({ addresses, port }: Invitation): string =>
  addresses.map((address) => hostAndPort(address, port)).join(' or ');
