/** The TensorFlow engine: tfjs-node-gpu on a linked libtensorflow, operations executed one by one. */
import type { EngineConfig } from '../../config/engine-section.ts';
import type { Engine, NumericsFingerprint } from '../engine.ts';
import { TfjsSession } from '../tfjs/session.ts';
import { readInstructionSet } from './instruction-set.ts';
import { bindingOf, makeKernels } from './kernels.ts';
import { loadTensorflow } from './library.ts';

/** @throws LockstepError ENGINE_UNAVAILABLE */
export function createTensorflowEngine(config: EngineConfig): Engine {
  const tf = loadTensorflow();
  const kernels = makeKernels(tf);
  const binding = bindingOf(tf);
  const usesGpu = binding.isUsingGpuDevice();
  const fingerprint: NumericsFingerprint = {
    engine: 'tensorflow-eager',
    engineVersion: `libtensorflow ${binding.TF_Version}, tfjs ${tf.version['tfjs-core']}`,
    device: usesGpu ? 'cuda' : 'cpu',
    instructionSet: readInstructionSet(),
    threadsPerWorker: config.threadsPerWorker,
    precision: 'float32',
    numerics: config.numerics,
    node: process.versions.node,
  };
  return {
    fingerprint,
    session: (program) => new TfjsSession({ tf, kernels }, program),
    tensorCount: () => binding.getNumOfTensors(),
  };
}
