/** Where the agents of a run's hosts find each other, before they can talk. */

import type { OutwaitHooks } from '../../core/lease.ts';

/** Where the leader's agent listens. */
export interface Invitation {
  /** Names or addresses of its host; some may not be reachable from everywhere. */
  readonly addresses: readonly string[];
  readonly port: number;
  readonly secret: Buffer;
}

/** What this agent is to do. */
export type Meeting =
  | {
      readonly role: 'lead';
      readonly secret: Buffer;
      /** Where to listen; null for any free port. */
      readonly port: number | null;
      /** Tells the others where it listens. */
      announce(port: number): void;
      /** Tells it no longer. */
      end(): void;
    }
  | {
      readonly role: 'follow';
      /** Null while there is none. What it finds may be of an earlier start, so it is asked for again. */
      find(): Invitation | null;
    };

export interface HostRendezvous {
  /**
   * @param hostRank number of this host, of which 0 leads; null where nobody has numbered them: then exactly one of
   *   them leads
   * @param hooks for a wait where an earlier leader may have died with its host
   */
  meet(hostRank: number | null, hooks: OutwaitHooks): Promise<Meeting>;
  /** To find the leader of a run that goes on. */
  follow(): Extract<Meeting, { role: 'follow' }>;
  /** For a host that has taken a run over: tells those that come where it listens, and at the end no longer. */
  succeed(secret: Buffer): Pick<Extract<Meeting, { role: 'lead' }>, 'announce' | 'end'>;
}
