/** The environment of a worker: TensorFlow and CUDA read it when they load, so it is set before the process starts. */
import type { Device } from './device.ts';

export interface EnvironmentOptions {
  readonly device: Device;
  /** CPU threads of the worker's TensorFlow; part of the numerics. */
  readonly threadsPerWorker: number;
  /** `strict`: the same bits every time, on CUDA too. */
  readonly numerics: 'strict' | 'fast';
  /** What the coordinator tells this worker (LOCKSTEP_…). */
  readonly seat: Readonly<Record<string, string>>;
  /** Folder of the run. */
  readonly runFolder: string;
}

/** What is set for a worker, on top of `inheritedEnvironment`. */
export function workerEnvironment(options: EnvironmentOptions): Record<string, string> {
  const { device, numerics, seat, runFolder } = options;
  const threads = String(options.threadsPerWorker);
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
    ...(numerics === 'strict' ? { TF_DETERMINISTIC_OPS: '1', TF_CUDNN_USE_AUTOTUNE: '0' } : {}),
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
      // The parent's own loaders, coverage and inspector are not the worker's.
      name !== 'NODE_OPTIONS',
  );
  return Object.fromEntries(kept);
}
