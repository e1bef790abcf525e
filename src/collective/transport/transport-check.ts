/** Checks that every transport makes before it sends. */
import { LockstepError } from '../../core/errors.ts';
import { MAX_PAYLOAD_BYTES } from '../../protocol/data-frame.ts';

const ADVICE = 'This is a defect: please report it with the log of the run.';

/** @throws LockstepError PROTOCOL for a payload that is larger than a frame may be */
export function checkPayload({ byteLength }: Uint8Array): void {
  if (byteLength <= MAX_PAYLOAD_BYTES) return;
  const message = `Cannot send a frame of ${byteLength} bytes: at most ${MAX_PAYLOAD_BYTES} are allowed.`;
  throw new LockstepError('PROTOCOL', message, ADVICE);
}

/** PROTOCOL for a rank without a connection. */
export function unknownRank(rank: number): LockstepError {
  return new LockstepError('PROTOCOL', `Cannot send to rank ${rank}: it is not connected.`, ADVICE);
}
