/** The TensorFlow engine: tfjs-node-gpu on a linked libtensorflow, operations executed one by one. */
import type { EngineConfig } from '../../config/engine-section.ts';
import type { Engine, NumericsFingerprint } from '../engine.ts';
import { EagerSession } from './eager-session.ts';
import { readInstructionSet } from './instruction-set.ts';
import { makeKernels } from './kernels.ts';
import { loadTensorflow } from './library.ts';

/** @throws LockstepError ENGINE_UNAVAILABLE */
export function createTensorflowEngine(config: EngineConfig): Engine {
  const tf = loadTensorflow();
  const kernels = makeKernels(tf);
  const usesGpu = kernels.binding.isUsingGpuDevice();
  const fingerprint: NumericsFingerprint = {
    engine: 'tensorflow-eager',
    engineVersion: `libtensorflow ${kernels.binding.TF_Version}, tfjs ${tf.version['tfjs-core']}`,
    device: usesGpu ? 'cuda' : 'cpu',
    instructionSet: readInstructionSet(),
    threadsPerWorker: config.threadsPerWorker,
    precision: 'float32',
    numerics: config.numerics,
    node: process.versions.node,
  };
  return {
    fingerprint,
    session: (program) => new EagerSession(tf, kernels, program),
    tensorCount: () => kernels.binding.getNumOfTensors(),
  };
}
