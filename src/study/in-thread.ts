/** Computes in a thread of its own, so that a signal is heard meanwhile. */
import { parentPort, workerData } from 'node:worker_threads';
import { asLockstepError } from '../core/errors.ts';
import { errorOfFailure, type Failure, failureOfError } from '../core/failure.ts';
import { startThread } from '../launch/program.ts';
import type { StopRequests } from '../workflow/train/stop-requests.ts';
import { studyStopped } from './study-stopped.ts';

type ThreadMessage<Result> =
  | { readonly progress: string }
  | { readonly result: Result }
  | { readonly failure: Failure };

export interface ThreadHooks {
  readonly stop: StopRequests;
  readonly onProgress: (text: string) => void;
}

/**
 * Starts a thread, whose program calls `answerRequest`, and waits for what it answers.
 * @throws LockstepError that of the thread; INTERRUPTED, TERMINATED
 */
export function inThread<Request, Result>(
  program: URL,
  request: Request,
  { stop, onProgress }: ThreadHooks,
): Promise<Result> {
  const thread = startThread(program, request);
  const end = () => void thread.terminate();
  const signals = [stop.signal, stop.kill].filter((signal) => signal !== undefined);
  for (const signal of signals) signal.addEventListener('abort', end);
  return new Promise<Result>((resolve, reject) => {
    thread.on('message', (message: ThreadMessage<Result>) => {
      if ('progress' in message) onProgress(message.progress);
      else if ('failure' in message) reject(errorOfFailure(message.failure));
      else resolve(message.result);
    });
    thread.on('error', reject);
    thread.on('exit', () => reject(studyStopped(stop)));
  }).finally(() => {
    for (const signal of signals) signal.removeEventListener('abort', end);
  });
}

/** The other side: what a thread's program does. */
export async function answerRequest<Request, Result>(
  answer: (request: Request, tell: (progress: string) => void) => Promise<Result>,
): Promise<void> {
  const send = (message: ThreadMessage<Result>) => parentPort!.postMessage(message);
  try {
    send({ result: await answer(workerData as Request, (progress) => send({ progress })) });
  } catch (thrown) {
    send({ failure: failureOfError(asLockstepError(thrown)) });
  }
}
