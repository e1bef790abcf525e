/** Names a device by everything on which a choice of formulations depends. */
import { cpus } from 'node:os';
import { readInstructionSet } from '../../engine/tensorflow/instruction-set.ts';
import { type Device, findGpus } from '../../launch/device.ts';

/** "AMD EPYC 9B14, avx+avx2+fma", or nvidia-smi's name of a GPU. */
export function describeDevice(device: Device): string {
  if (device.kind === 'cpu') return `${cpus()[0]?.model ?? 'CPU'}, ${readInstructionSet()}`;
  const gpu = findGpus().find(({ index, uuid }) => device.id === index || device.id === uuid);
  return gpu?.name ?? `gpu ${device.id}`;
}
