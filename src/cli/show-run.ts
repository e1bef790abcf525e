/** A run as the command line shows it: progress while it goes on, then one line that says how it ended. */
import { exitLine } from '../launch/exit.ts';
import { offerOnStdout } from '../launch/outputs.ts';
import type { RunEvent, RunOutcome } from '../telemetry/run-event.ts';
import type { RunHooks } from '../workflow/train/hooks.ts';
import { RunFailed } from '../workflow/train/run-failed.ts';
import { printNext } from './next.ts';
import { openProgressDisplay, type ProgressDisplay } from './progress-display.ts';
import { withSignals } from './with-signals.ts';

/**
 * Runs `start` and shows what it tells.
 * @param next what can be typed when it has ended
 * @returns the exit code
 */
export async function showRun(
  start: (hooks: RunHooks) => Promise<RunOutcome>,
  next: (outcome: RunOutcome) => string[] | undefined,
): Promise<number> {
  let display: ProgressDisplay | undefined;
  const onEvent = (event: RunEvent): void => {
    if (event.kind === 'start') display = openProgressDisplay(event.totalSteps, process.stderr);
    else if (display !== undefined) display.show(event);
    else showNotice(event);
  };
  try {
    const outcome = await withSignals((stop) => start({ ...stop, onEvent })).finally(() =>
      display?.stop(),
    );
    return showOutcome(outcome, next(outcome));
  } catch (thrown) {
    if (!(thrown instanceof RunFailed)) throw thrown;
    process.stderr.write(`${thrown.toLine()}\n`);
    return showOutcome(thrown.outcome, next(thrown.outcome));
  }
}

/** A sentence of work that has no progress bar. */
export function showNotice(event: RunEvent): void {
  if (event.kind === 'warning') process.stderr.write(`Warning: ${event.text}\n`);
  if (event.kind === 'status' && event.isDetail !== true) process.stderr.write(`${event.text}\n`);
}

function showOutcome(outcome: RunOutcome, next: string[] | undefined): number {
  const { exitCode: code, stateHash, step } = outcome;
  process.stderr.write(`${exitLine({ code, ...outcome })}\n`);
  if (stateHash !== null) offerOnStdout(`state ${stateHash} after step ${step}\n`);
  printNext(next);
  return code;
}
