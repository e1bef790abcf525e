/** The environment of a worker. TensorFlow and CUDA read it when they load, so it must exist before the process. */
import type { EngineChoice } from '../config/engine-section.ts';
import type { Device } from './device.ts';

/** What a worker's environment follows from. */
export interface EnvironmentOptions {
  readonly device: Device;
  readonly engine: Omit<EngineChoice, 'kind' | 'formulations'>;
  /** Variables from the coordinator (LOCKSTEP_…). */
  readonly seat: Readonly<Record<string, string>>;
  /** Folder of the run. */
  readonly runFolder: string;
}

/** The variables of a worker, on top of `inheritedEnvironment`. */
export function workerEnvironment(options: EnvironmentOptions): Record<string, string> {
  const { device, engine, seat, runFolder } = options;
  const threads = String(engine.threadsPerWorker);
  return {
    ...seat,
    LOCKSTEP_RUN_FOLDER: runFolder,
    // The worker sees exactly one device; an empty list hides all GPUs.
    CUDA_VISIBLE_DEVICES: device.kind === 'gpu' ? device.id : '',
    // Numbers as nvidia-smi shows them; CUDA's own order is by speed.
    CUDA_DEVICE_ORDER: 'PCI_BUS_ID',
    TF_FORCE_GPU_ALLOW_GROWTH: 'true',
    // On CPUs without AVX-512 the default is off, which costs more than half the speed.
    TF_ENABLE_ONEDNN_OPTS: '1',
    TF_NUM_INTRAOP_THREADS: threads,
    TF_NUM_INTEROP_THREADS: threads,
    OMP_NUM_THREADS: threads,
    // 2: errors only. Otherwise TensorFlow prints a page at its start.
    TF_CPP_MIN_LOG_LEVEL: '2',
    ...(engine.numerics === 'strict' && { TF_DETERMINISTIC_OPS: '1', TF_CUDNN_USE_AUTOTUNE: '0' }),
    // cuBLAS and cuDNN read this. TensorFlow allows TF32 and has no variable of its own to forbid it.
    ...(engine.tf32 !== true && { NVIDIA_TF32_OVERRIDE: '0' }),
    ...(engine.xla === true && xlaEnvironment(device, engine)),
  };
}

/** Makes XLA compile clusters. XLA's own kernels do not read the variables of NVIDIA's libraries. */
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
 * Lets glibc (from 2.35 on) ask for huge pages: passes over activations of megabytes in pages of 4 KiB wait for the
 * translation of addresses. No bit depends on it.
 */
const HUGE_PAGES = { GLIBC_TUNABLES: 'glibc.malloc.hugetlb=1' };

/**
 * What a worker inherits from its parent's environment: everything except variables that would change the
 * numerics unknown to the configuration. Without tunables of the parent's own, huge pages.
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
      // The parent's loaders, coverage and inspector do not concern the worker.
      name !== 'NODE_OPTIONS',
  );
  return { ...HUGE_PAGES, ...Object.fromEntries(kept) };
}
