/** The signals of this process as requests to stop what a command does. */

import { watchProcessSignals } from '../launch/process-signals.ts';
import type { StopRequests } from '../workflow/train/stop-requests.ts';

/** How often a launcher is looked at. */
const LAUNCHER_CHECK_MS = 250;

/**
 * Runs `body` with them: the first signal asks for a stop, a second SIGINT ends everything at once. A launcher
 * that is gone counts as SIGHUP.
 */
export async function withSignals<Result>(
  body: (requests: Required<StopRequests>) => Promise<Result>,
): Promise<Result> {
  const [stop, kill] = [new AbortController(), new AbortController()];
  const unwatch = watchProcessSignals((signal) => {
    if (stop.signal.aborted && signal === 'SIGINT') kill.abort(signal);
    stop.abort(signal);
  });
  const forget = watchLauncher(() => stop.abort('SIGHUP'));
  try {
    return await body({ signal: stop.signal, kill: kill.signal });
  } finally {
    forget();
    unwatch();
  }
}

function watchLauncher(onGone: () => void): () => void {
  const launcher = Number(process.env.LOCKSTEP_LAUNCHER_PID);
  if (!launcher) return () => {};
  const timer = setInterval(() => {
    if (process.ppid !== launcher) onGone();
  }, LAUNCHER_CHECK_MS);
  return () => clearInterval(timer);
}
