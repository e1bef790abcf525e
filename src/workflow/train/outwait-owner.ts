/** Before a run's folder is locked: its last owner may have died with its host. */
import { outwait } from '../../core/lease.ts';
import type { GuardedHooks } from './hooks.ts';
import { throwIfStopped } from './stop-requests.ts';

/** @throws LockstepError INTERRUPTED, TERMINATED, REQUEUED */
export async function outwaitOwner(runFolder: string, hooks: GuardedHooks): Promise<void> {
  await outwait(runFolder, {
    tell: (text) => hooks.onEvent({ kind: 'status', text }),
    throwIfStopped: () => throwIfStopped(hooks),
  });
}
