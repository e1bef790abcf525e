/** Saving on a disk that refuses: perhaps only for a moment. */
import { setTimeout as wait } from 'node:timers/promises';
import { asLockstepError, LockstepError } from '../../core/errors.ts';

/** Waits before the second and the third try; a run whose state cannot be saved ends within seconds. */
const WAITS_MS = [500, 2_000] as const;

/**
 * Tries once more what a disk refused, a few times within seconds.
 * @param warn hears of each try that failed, but for the last
 * @throws LockstepError SAVE_FAILED: another process would fail, too. A defect comes back as it is
 */
export async function patiently<Result>(
  write: () => Promise<Result>,
  warn: (text: string) => void,
  waitsMs: readonly number[] = WAITS_MS,
): Promise<Result> {
  for (let tries = 1; ; tries++) {
    try {
      return await write();
    } catch (thrown) {
      const { message, advice } = refusal(thrown);
      const waitMs = waitsMs[tries - 1];
      if (waitMs === undefined) {
        const text = `${message} It was tried ${tries} times.`;
        throw new LockstepError('SAVE_FAILED', text, advice, { cause: thrown });
      }
      warn(`${message} The run tries again in ${waitMs / 1000} s.`);
      await wait(waitMs);
    }
  }
}

/** @throws a defect */
function refusal(thrown: unknown): LockstepError {
  const error = asLockstepError(thrown);
  if (error.code === 'UNEXPECTED') throw thrown;
  return error;
}
