import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { cpuDevices, gpuDevices, nameDevice, parseGpuList } from '../../../src/launch/device.ts';

const TWO = [
  { index: '0', uuid: 'GPU-aa', name: 'NVIDIA H100' },
  { index: '1', uuid: 'GPU-bb', name: 'NVIDIA H100' },
];

describe('devices', () => {
  test('one CPU device a worker', () => {
    assert.deepEqual(cpuDevices(2).map(nameDevice), ['cpu', 'cpu']);
    for (const count of [0, -1, 1.5, Number.NaN, 2000]) {
      assert.throws(() => cpuDevices(count), { code: 'USAGE' });
    }
  });

  test('GPUs in the order asked for, by number or UUID', () => {
    assert.deepEqual(gpuDevices('1, GPU-aa', () => TWO).map(nameDevice), ['gpu 1', 'gpu GPU-aa']);
  });

  const ABSENT: readonly [string, typeof TWO, string][] = [
    ['2', TWO, 'Cannot use GPU 2: this host has 0 (NVIDIA H100), 1 (NVIDIA H100).'],
    ['0', [], 'Cannot use GPU 0: nvidia-smi finds no GPU.'],
  ];
  for (const [wanted, found, message] of ABSENT) {
    test(`DEVICE_ABSENT with what was found: ${found.length} GPUs`, () => {
      assert.throws(() => gpuDevices(wanted, () => found), { code: 'DEVICE_ABSENT', message });
    });
  }

  test('refuses an empty or repeated id', () => {
    assert.throws(() => gpuDevices('0,0', () => TWO), {
      code: 'USAGE',
      message: /GPU 0 is named twice/,
    });
    assert.throws(() => gpuDevices('0,', () => TWO), { code: 'USAGE', message: /an id is empty/ });
  });

  test("reads nvidia-smi's list and nothing from its complaints", () => {
    const csv = '0, GPU-aa, NVIDIA H100 80GB HBM3\n1, GPU-bb, Quadro, special\n\n';
    assert.deepEqual(parseGpuList(csv), [
      { index: '0', uuid: 'GPU-aa', name: 'NVIDIA H100 80GB HBM3' },
      { index: '1', uuid: 'GPU-bb', name: 'Quadro, special' },
    ]);
    assert.deepEqual(parseGpuList('No devices were found\n'), []);
  });
});
