/**
 * Keeps one replica training while workers come and go.
 *
 * A replica's state changes only at a *boundary*: when an all-reduce has finished. When membership changes:
 *   1. Every worker drops its unfinished step and reports its last boundary.
 *   2. The coordinator picks the furthest boundary. No worker is ever more than one ahead.
 *   3. Workers already there keep their state; all others copy it from one of them.
 * No bit can change: redoing the dropped step would have produced exactly that state.
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
