/** Loads tfjs with its WASM backend: no Python, no compiler. */

import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { LockstepError } from '../../core/errors.ts';
import { setupCommand } from '../../core/program-name.ts';
import { requireTfjs, type TfjsLibrary } from '../tfjs/library.ts';

let loading: Promise<TfjsLibrary> | undefined;

/**
 * Loads tfjs and selects its WASM backend.
 * @throws LockstepError ENGINE_UNAVAILABLE when the packages are missing or the CPU has no SIMD
 */
export function loadWasm(): Promise<TfjsLibrary> {
  loading ??= load();
  return loading;
}

async function load(): Promise<TfjsLibrary> {
  const require = createRequire(import.meta.url);
  try {
    const tf = requireTfjs(require);
    const path = require.resolve('@tensorflow/tfjs-backend-wasm');
    const { setWasmPaths } = require(path) as { setWasmPaths: (prefix: string) => void };
    setWasmPaths(join(dirname(path), '/'));
    if (!(await tf.setBackend('wasm'))) throw new Error('the WASM backend did not start');
    if (!(await tf.env().getAsync('WASM_HAS_SIMD_SUPPORT')))
      throw new Error('WASM has no SIMD here');
    return tf;
  } catch (cause) {
    throw new LockstepError(
      'ENGINE_UNAVAILABLE',
      `Cannot load the portable engine: ${cause instanceof Error ? cause.message.split('\n')[0] : String(cause)}.`,
      `Set it up: "${setupCommand()}".`,
      { cause },
    );
  }
}
