/** The portable engine: tfjs on WebAssembly with one thread. Runs wherever Node runs; slower, other bits. */
import type { EngineChoice } from '../../config/engine-section.ts';
import type { Engine, NumericsFingerprint } from '../engine.ts';
import { describeFormulations, PLAIN_FORMULATIONS } from '../formulations.ts';
import { TfjsSession } from '../tfjs/session.ts';
import { makeKernels } from './kernels.ts';
import { loadWasm } from './library.ts';

/**
 * Loads the portable engine.
 * @throws LockstepError ENGINE_UNAVAILABLE
 */
export async function createPortableEngine(config: EngineChoice): Promise<Engine> {
  const tf = await loadWasm();
  const kernels = makeKernels(tf);
  const fingerprint: NumericsFingerprint = {
    engine: 'portable-wasm',
    engineVersion: `tfjs ${tf.version_core}`,
    device: 'cpu',
    instructionSet: 'wasm-simd',
    formulations: describeFormulations(PLAIN_FORMULATIONS),
    // tfjs switches threads off under Node.
    threadsPerWorker: 1,
    precision: 'float32',
    numerics: config.numerics,
    node: process.versions.node,
  };
  return {
    fingerprint,
    session: (program) =>
      new TfjsSession({ tf, kernels, formulations: PLAIN_FORMULATIONS }, program),
    tensorCount: () => tf.memory().numTensors,
  };
}
