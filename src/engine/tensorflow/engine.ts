/** The TensorFlow engines, eager and compiled: tfjs-node-gpu on a linked libtensorflow. */
import type { EngineChoice } from '../../config/engine-section.ts';
import type { Engine, NumericsFingerprint } from '../engine.ts';
import { describeFormulations, formulationsOf } from '../formulations.ts';
import { TfjsSession } from '../tfjs/session.ts';
import { backendOf } from './binding.ts';
import { CompiledSession } from './compiled-session.ts';
import { readInstructionSet } from './instruction-set.ts';
import { makeKernels } from './kernels.ts';
import { loadTensorflow } from './library.ts';

/**
 * Loads TensorFlow.
 * @throws LockstepError ENGINE_UNAVAILABLE
 */
export function createTensorflowEngine(config: EngineChoice, kind: 'eager' | 'compiled'): Engine {
  const tf = loadTensorflow();
  const kernels = makeKernels(tf);
  const formulations = formulationsOf(config.formulations);
  const backend = { tf, kernels, formulations };
  const node = backendOf(tf);
  const { binding } = node;
  const usesGpu = binding.isUsingGpuDevice();
  const fingerprint: NumericsFingerprint = {
    engine: `tensorflow-${kind}${config.xla === true && kind === 'compiled' ? '-xla' : ''}`,
    engineVersion: `libtensorflow ${binding.TF_Version}, tfjs ${tf.version['tfjs-core']}`,
    device: usesGpu ? 'cuda' : 'cpu',
    instructionSet: readInstructionSet(),
    formulations: describeFormulations(formulations),
    threadsPerWorker: config.threadsPerWorker,
    precision: config.tf32 === true && usesGpu ? 'tf32' : 'float32',
    numerics: config.numerics,
    node: process.versions.node,
  };
  return {
    fingerprint,
    session: (program) =>
      kind === 'eager'
        ? new TfjsSession(backend, program)
        : new CompiledSession(backend, node, program),
    tensorCount: () => binding.getNumOfTensors(),
  };
}
