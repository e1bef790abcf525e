import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { inheritedEnvironment, workerEnvironment } from '../../../src/launch/environment.ts';

const SEAT = { LOCKSTEP_SLOT: '1', LOCKSTEP_RUN: 'a#1' };

describe('workerEnvironment', () => {
  test('of a GPU worker with strict numerics, exactly', () => {
    const environment = workerEnvironment({
      device: { kind: 'gpu', id: '3' },
      engine: { threadsPerWorker: 4, numerics: 'strict' },
      seat: SEAT,
      runFolder: 'runs/a',
    });
    assert.deepEqual(environment, {
      LOCKSTEP_SLOT: '1',
      LOCKSTEP_RUN: 'a#1',
      LOCKSTEP_RUN_FOLDER: 'runs/a',
      CUDA_VISIBLE_DEVICES: '3',
      CUDA_DEVICE_ORDER: 'PCI_BUS_ID',
      TF_FORCE_GPU_ALLOW_GROWTH: 'true',
      TF_ENABLE_ONEDNN_OPTS: '1',
      TF_NUM_INTRAOP_THREADS: '4',
      TF_NUM_INTEROP_THREADS: '4',
      OMP_NUM_THREADS: '4',
      TF_CPP_MIN_LOG_LEVEL: '2',
      TF_DETERMINISTIC_OPS: '1',
      TF_CUDNN_USE_AUTOTUNE: '0',
      NVIDIA_TF32_OVERRIDE: '0',
    });
  });

  test('of a CPU worker with fast numerics: sees no GPU, promises no determinism', () => {
    const environment = workerEnvironment({
      device: { kind: 'cpu' },
      engine: { threadsPerWorker: 1, numerics: 'fast' },
      seat: {},
      runFolder: 'r',
    });
    assert.equal(environment.CUDA_VISIBLE_DEVICES, '');
    assert.equal(environment.OMP_NUM_THREADS, '1');
    assert.equal('TF_DETERMINISTIC_OPS' in environment, false);
    assert.equal('TF_CUDNN_USE_AUTOTUNE' in environment, false);
  });
});

describe('the environment of', () => {
  const environmentOf = (kind: 'cpu' | 'gpu', engine: { tf32?: boolean; xla?: boolean }) =>
    workerEnvironment({
      device: kind === 'cpu' ? { kind } : { kind, id: '0' },
      engine: { threadsPerWorker: 1, numerics: 'strict', ...engine },
      seat: {},
      runFolder: 'r',
    });

  test('TF32 leaves to TensorFlow what is forbidden otherwise', () => {
    assert.equal(environmentOf('gpu', { tf32: true }).NVIDIA_TF32_OVERRIDE, undefined);
    assert.equal(environmentOf('gpu', { tf32: false }).NVIDIA_TF32_OVERRIDE, '0');
  });

  test('XLA compiles clusters, which keep the promises of the configuration', () => {
    const { TF_XLA_FLAGS, XLA_FLAGS } = environmentOf('gpu', { xla: true });
    assert.equal(TF_XLA_FLAGS, '--tf_xla_auto_jit=2');
    assert.equal(XLA_FLAGS, '--xla_gpu_deterministic_ops=true --xla_gpu_enable_triton_gemm=false');
    const fast = environmentOf('gpu', { xla: true, tf32: true });
    assert.equal(fast.XLA_FLAGS, '--xla_gpu_deterministic_ops=true');
  });

  test('XLA on a CPU has a switch of its own', () => {
    const { TF_XLA_FLAGS } = environmentOf('cpu', { xla: true });
    assert.equal(TF_XLA_FLAGS, '--tf_xla_auto_jit=2 --tf_xla_cpu_global_jit');
  });
});

describe('inheritedEnvironment', () => {
  test("keeps the parent's variables but those of other runs, of numerics and of its own Node", () => {
    const parent = {
      PATH: '/bin',
      LD_LIBRARY_PATH: '/cuda',
      LOCKSTEP_RUN: 'old#9',
      TF_DETERMINISTIC_OPS: '1',
      TF_CUDNN_USE_AUTOTUNE: '1',
      NVIDIA_TF32_OVERRIDE: '1',
      TF_XLA_FLAGS: '--tf_xla_auto_jit=2',
      XLA_FLAGS: '--xla_gpu_autotune_level=4',
      NODE_OPTIONS: '--inspect',
    };
    const { GLIBC_TUNABLES: _, ...kept } = inheritedEnvironment(parent);
    assert.deepEqual(kept, { PATH: '/bin', LD_LIBRARY_PATH: '/cuda' });
  });

  test('asks for huge pages, unless the parent has tunables of its own', () => {
    const { GLIBC_TUNABLES } = inheritedEnvironment({});
    assert.equal(GLIBC_TUNABLES, 'glibc.malloc.hugetlb=1');
    const parent = { GLIBC_TUNABLES: 'glibc.malloc.arena_max=1' };
    assert.deepEqual(inheritedEnvironment(parent), parent);
  });
});
