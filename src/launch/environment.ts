/** The environment of a worker: TensorFlow and CUDA read it when they load, so it is set before the process starts. */
import type { EngineChoice } from '../config/engine-section.ts';
import type { Device } from './device.ts';

export interface EnvironmentOptions {
  readonly device: Device;
  readonly engine: Omit<EngineChoice, 'kind' | 'formulations'>;
  /** What the coordinator tells this worker (LOCKSTEP_…). */
  readonly seat: Readonly<Record<string, string>>;
  /** Folder of the run. */
  readonly runFolder: string;
}

/** What is set for a worker, on top of `inheritedEnvironment`. */
export function workerEnvironment(options: EnvironmentOptions): Record<string, string> {
  const { device, engine, seat, runFolder } = options;
  const threads = String(engine.threadsPerWorker);
  return {
    ...seat,
    LOCKSTEP_RUN_FOLDER: runFolder,
    // Exactly one device is visible; an empty list hides all GPUs.
    CUDA_VISIBLE_DEVICES: device.kind === 'gpu' ? device.id : '',
    // Numbers as nvidia-smi shows them; CUDA's own order is by speed.
    CUDA_DEVICE_ORDER: 'PCI_BUS_ID',
    TF_FORCE_GPU_ALLOW_GROWTH: 'true',
    // Off by default on CPUs without AVX-512, where its absence costs more than half the speed.
    TF_ENABLE_ONEDNN_OPTS: '1',
    TF_NUM_INTRAOP_THREADS: threads,
    TF_NUM_INTEROP_THREADS: threads,
    OMP_NUM_THREADS: threads,
    // 2: errors only. TensorFlow's start prints a page otherwise.
    TF_CPP_MIN_LOG_LEVEL: '2',
    ...(engine.numerics === 'strict' && { TF_DETERMINISTIC_OPS: '1', TF_CUDNN_USE_AUTOTUNE: '0' }),
    // What cuBLAS and cuDNN read: TensorFlow allows TF32 and has no variable of its own to forbid it.
    ...(engine.tf32 !== true && { NVIDIA_TF32_OVERRIDE: '0' }),
    ...(engine.xla === true && xlaEnvironment(device, engine)),
  };
}

/** Clusters that XLA compiles; its own kernels do not read what is set for NVIDIA's libraries. */
function xlaEnvironment(
  device: Device,
  { numerics, tf32 }: EnvironmentOptions['engine'],
): Record<string, string> {
  const clusters = [
    '--tf_xla_auto_jit=2',
    ...(device.kind === 'cpu' ? ['--tf_xla_cpu_global_jit'] : []),
  ];
  const kernels = [
    ...(numerics === 'strict' ? ['--xla_gpu_deterministic_ops=true'] : []),
    ...(tf32 !== true ? ['--xla_gpu_enable_triton_gemm=false'] : []),
  ];
  return {
    TF_XLA_FLAGS: clusters.join(' '),
    ...(kernels.length > 0 && { XLA_FLAGS: kernels.join(' ') }),
  };
}

/**
 * What a worker keeps of its parent's environment: all but variables that would change the numerics behind
 * the configuration's back.
 */
export function inheritedEnvironment(parent: Readonly<NodeJS.ProcessEnv>): NodeJS.ProcessEnv {
  const kept = Object.entries(parent).filter(
    ([name]) =>
      !name.startsWith('LOCKSTEP_') &&
      !name.startsWith('TF_DETERMINISTIC_') &&
      name !== 'TF_CUDNN_USE_AUTOTUNE' &&
      name !== 'NVIDIA_TF32_OVERRIDE' &&
      name !== 'TF_XLA_FLAGS' &&
      name !== 'XLA_FLAGS' &&
      // The parent's own loaders, coverage and inspector are not the worker's.
      name !== 'NODE_OPTIONS',
  );
  return Object.fromEntries(kept);
}
