/** Loads the one TensorFlow library of this process. Its environment must be set before the process starts. */

import { createRequire } from 'node:module';
import util from 'node:util';
import type { KernelBackend } from '@tensorflow/tfjs-core';
import { LockstepError } from '../../core/errors.ts';
import { setupCommand } from '../../core/program-name.ts';
import { requireTfjs, type TfjsLibrary } from '../tfjs/library.ts';

const PACKAGE = '@tensorflow/tfjs-node-gpu';
/** The name by which tfjs knows the backend. */
const BACKEND = 'tensorflow';

let library: TfjsLibrary | undefined;

/**
 * Loads TensorFlow once.
 * @throws LockstepError ENGINE_UNAVAILABLE when set-up has not run, or when the environment lacks what the
 *   convolution gradients need
 */
export function loadTensorflow(): TfjsLibrary {
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
    library = requireBackend();
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

/** Loads tfjs-node-gpu's backend, its kernels and its binding; its main module also loads its file formats. */
function requireBackend(): TfjsLibrary {
  const require = createRequire(createRequire(import.meta.url).resolve(PACKAGE));
  const tf = requireTfjs(require);
  const { NodeJSKernelBackend } = require('./nodejs_kernel_backend') as {
    NodeJSKernelBackend: new (binding: unknown, name: string) => KernelBackend;
  };
  require('./register_all_kernels');
  const backend = new NodeJSKernelBackend(require('../lib/napi-v8/tfjs_binding.node'), PACKAGE);
  tf.registerBackend(BACKEND, () => backend);
  if (!tf.setBackend(BACKEND)) throw new Error('its backend did not start');
  return tf;
}
