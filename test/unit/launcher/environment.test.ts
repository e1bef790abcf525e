import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { inheritedEnvironment, workerEnvironment } from '../../../launcher/environment.ts';

const SEAT = { LOCKSTEP_SLOT: '1', LOCKSTEP_RUN: 'a#1' };

describe('workerEnvironment', () => {
  test('of a GPU worker with strict numerics, exactly', () => {
    const environment = workerEnvironment({
      device: { kind: 'gpu', id: '3' },
      threadsPerWorker: 4,
      numerics: 'strict',
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
    });
  });

  test('of a CPU worker with fast numerics: sees no GPU, promises no determinism', () => {
    const environment = workerEnvironment({
      device: { kind: 'cpu' },
      threadsPerWorker: 1,
      numerics: 'fast',
      seat: {},
      runFolder: 'r',
    });
    assert.equal(environment.CUDA_VISIBLE_DEVICES, '');
    assert.equal(environment.OMP_NUM_THREADS, '1');
    assert.equal('TF_DETERMINISTIC_OPS' in environment, false);
    assert.equal('TF_CUDNN_USE_AUTOTUNE' in environment, false);
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
      NODE_OPTIONS: '--inspect',
    };
    assert.deepEqual(inheritedEnvironment(parent), { PATH: '/bin', LD_LIBRARY_PATH: '/cuda' });
  });
});
