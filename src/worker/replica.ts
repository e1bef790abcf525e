/**
 * How a worker takes part in a run whose membership changes: the same few lines for the real trainer,
 * for the fake one of the process tests and for the simulated one.
 *
 * What a worker must be able to undo is small. Its state changes only when a whole all-reduce is done (a
 * *boundary*), and the sum is canonical, so a rank that has passed a boundary has what every other rank would
 * get by redoing it. At a change everyone therefore drops what is unfinished and says at which boundary it
 * stands; the furthest boundary wins, since no rank can be more than one all-reduce ahead. Ranks that stand
 * there keep their state, all others, newcomers included, get it from one that does.
 */
import type { Boundary, Origin } from '../protocol/messages.ts';
import type { Comm, JoinRequest, Membership } from './comm.ts';
import { MembershipChanged } from './membership-changed.ts';

export interface Replica<End> {
  /** The boundary that its state is at; null while it has none. Goes back to it if it was beyond. */
  returnToBoundary(): Boundary | null;
  loadFromDisk(origin: Extract<Origin, { kind: 'disk' }>): Promise<void>;
  /** Takes over what `snapshot` of another worker gave. */
  load(snapshot: Uint8Array): void;
  snapshot(): Uint8Array;
  stateHash(): string;
  /** Goes on from the boundary to the run's end. @throws MembershipChanged */
  train(membership: Membership): Promise<End>;
}

/** @throws LockstepError what ended the run early */
export async function runReplica<End>(
  comm: Comm,
  request: JoinRequest,
  replica: Replica<End>,
): Promise<End> {
  let membership = await comm.join(request);
  for (;;) {
    try {
      await takePlace(comm, membership, replica);
      return await replica.train(membership);
    } catch (thrown) {
      if (!(thrown instanceof MembershipChanged)) throw thrown;
      membership = await comm.reportBoundary(replica.returnToBoundary());
    }
  }
}

/** Has the generation's state, and gives it to those who lack it. */
async function takePlace<End>(
  comm: Comm,
  { origin, receivers }: Membership,
  replica: Replica<End>,
): Promise<void> {
  if (origin.kind === 'disk') await replica.loadFromDisk(origin);
  if (origin.kind === 'peer') replica.load(await comm.receiveState());
  if (receivers.length > 0) await comm.sendState(replica.snapshot());
  await comm.ready({ step: replica.returnToBoundary()!.step, stateHash: replica.stateHash() });
}
