/** Loads the one TensorFlow library of this process. Its environment must be set before the process starts. */

import { createRequire } from 'node:module';
import util from 'node:util';
import { LockstepError } from '../../core/errors.ts';
import { setupCommand } from '../../core/program-name.ts';

/** tfjs with the TensorFlow backend. */
export type TensorflowLibrary = typeof import('@tensorflow/tfjs-node-gpu');

let library: TensorflowLibrary | undefined;

/**
 * Loads TensorFlow once.
 * @throws LockstepError ENGINE_UNAVAILABLE when set-up has not run, or when the environment lacks what the
 *   convolution gradients need
 */
export function loadTensorflow(): TensorflowLibrary {
  if (library !== undefined) return library;
  if (process.env.TF_ENABLE_ONEDNN_OPTS !== '1') {
    throw new LockstepError(
      'ENGINE_UNAVAILABLE',
      `TensorFlow cannot run with TF_ENABLE_ONEDNN_OPTS=${process.env.TF_ENABLE_ONEDNN_OPTS ?? '(unset)'}: dilated convolutions have no gradient without oneDNN on some CPUs.`,
      'Start Lockstep through its command line, or set TF_ENABLE_ONEDNN_OPTS=1 before the process starts.',
    );
  }
  // Node 23 removed a function that tfjs-node still calls.
  const legacy = util as { isNullOrUndefined?: (value: unknown) => boolean };
  legacy.isNullOrUndefined ??= (value) => value === null || value === undefined;
  try {
    library = createRequire(import.meta.url)('@tensorflow/tfjs-node-gpu') as TensorflowLibrary;
  } catch (cause) {
    throw new LockstepError(
      'ENGINE_UNAVAILABLE',
      `Cannot load TensorFlow: ${cause instanceof Error ? cause.message.split('\n')[0] : String(cause)}.`,
      `Set it up: "${setupCommand()}".`,
      { cause },
    );
  }
  return library;
}
