/** Times what other processes do, and lets them go however that ends. */
import type { Contender } from '../bench/contender.ts';
import { type StopRequests, throwIfStopped, whenStopped } from '../workflow/train/stop-requests.ts';

/** What a stop comes before. */
export const FORECAST = 'the forecast';

/**
 * What `time` gives, with contenders that are there for it alone: a stop ends them, whatever they do.
 * @throws LockstepError INTERRUPTED, TERMINATED, REQUEUED once a stop was asked for; what `time` throws
 */
export async function withContenders<Result>(
  contenders: readonly Contender[],
  stop: StopRequests,
  time: () => Promise<Result>,
): Promise<Result> {
  const close = () => {
    for (const one of contenders) one.close();
  };
  const forget = whenStopped(stop, close);
  try {
    return await time();
  } catch (thrown) {
    // That they are gone is no news then.
    throwIfStopped(stop, FORECAST);
    throw thrown;
  } finally {
    forget();
    close();
  }
}
