/** Times the formulations in a separate process with the engine's environment. */
import { text } from 'node:stream/consumers';
import { LockstepError } from '../../core/errors.ts';
import { errorOfFailure } from '../../core/failure.ts';
import { extensionsOf } from '../../extension/identity.ts';
import { referencesTo } from '../../extension/loaded.ts';
import { startEngineProgram } from '../../launch/engine-process.ts';
import type { GuardedHooks } from '../train/hooks.ts';
import { killWhenStopped, throwIfStopped } from '../train/stop-requests.ts';
import type { Choice } from './choice-cache.ts';
import type { TuneLine, TuneRequest } from './tune-worker.ts';

const WORKER = new URL('./tune-worker.ts', import.meta.url);

/**
 * Times and chooses.
 * @throws LockstepError if the timing fails; INTERRUPTED, TERMINATED
 */
export async function tuneInProcess(
  given: Omit<TuneRequest, 'extensions'>,
  hooks: GuardedHooks,
): Promise<Choice> {
  const { device, config } = given;
  const request: TuneRequest = { ...given, extensions: referencesTo(extensionsOf(config)) };
  const onLine = (line: string) => hooks.onEvent({ kind: 'status', text: line });
  const place = { device, engine: config.engine, runFolder: '', onLine };
  const child = startEngineProgram(WORKER, [JSON.stringify(request)], place, 'pipe');
  const forget = killWhenStopped(child, hooks);
  try {
    const printed = (await text(child.stdout)).trim();
    throwIfStopped(hooks);
    if (printed === '') throw endedEarly();
    const line = JSON.parse(printed) as TuneLine;
    if ('failure' in line) throw errorOfFailure(line.failure);
    return line.choice;
  } finally {
    forget();
  }
}

function endedEarly(): LockstepError {
  return new LockstepError(
    'WORKER_LOST',
    'The process that times the formulations ended before it had chosen any.',
    'Set engine.formulations in the configuration, so that nothing is timed: docs/engine.md has the default.',
  );
}
