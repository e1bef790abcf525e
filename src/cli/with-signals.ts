/** The signals of this process as requests to stop what a command does. */

import { watchProcessSignals } from '../launch/process-signals.ts';
import type { StopRequests } from '../workflow/train/stop-requests.ts';

/** How often a launcher is looked at. */
const LAUNCHER_CHECK_MS = 250;
/** A Ctrl-C reaches a process twice where its parent passes it on, as npx and our launcher do: that is one request. */
const SAME_PRESS_MS = 300;

/**
 * Runs `body` with them: the first signal asks for a stop, a second SIGINT or a SIGQUIT (Ctrl-\) ends everything at
 * once. A launcher that is gone counts as SIGHUP.
 */
export async function withSignals<Result>(
  body: (requests: Required<StopRequests>) => Promise<Result>,
): Promise<Result> {
  const [stop, kill] = [new AbortController(), new AbortController()];
  let stoppedMs = 0;
  const unwatch = watchProcessSignals((signal) => {
    const isAnother = performance.now() - stoppedMs > SAME_PRESS_MS;
    if (stop.signal.aborted && signal === 'SIGINT' && isAnother) kill.abort(signal);
    if (!stop.signal.aborted) stoppedMs = performance.now();
    stop.abort(signal);
  });
  const quit = () => {
    stop.abort('SIGINT');
    kill.abort('SIGINT');
  };
  process.on('SIGQUIT', quit);
  const forget = watchLauncher(() => stop.abort('SIGHUP'));
  try {
    return await body({ signal: stop.signal, kill: kill.signal });
  } finally {
    forget();
    unwatch();
    process.off('SIGQUIT', quit);
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
