/** Which device each worker gets. */
import { spawnSync } from 'node:child_process';
import { LockstepError } from '../core/errors.ts';

/** What a worker computes on. */
export type Device =
  | { readonly kind: 'cpu' }
  /** `id` as in CUDA_VISIBLE_DEVICES: a number in PCI bus order, or a UUID. */
  | { readonly kind: 'gpu'; readonly id: string };

/** A GPU of this host. */
export interface FoundGpu {
  readonly index: string;
  readonly uuid: string;
  readonly name: string;
}

/** "gpu 0" or "cpu". */
export function nameDevice(device: Device): string {
  return device.kind === 'cpu' ? 'cpu' : `gpu ${device.id}`;
}

/**
 * The devices of `count` workers on the CPU.
 * @throws LockstepError USAGE for a count that is not a positive integer
 */
export function cpuDevices(count: number): Device[] {
  if (!Number.isInteger(count) || count < 1 || count > 1024) {
    throw new LockstepError(
      'USAGE',
      `Cannot start ${count} workers: the number must be an integer from 1 to 1024.`,
      'Give --workers a number such as 2.',
    );
  }
  return Array.from({ length: count }, () => ({ kind: 'cpu' }));
}

/**
 * One GPU for each worker, in the order of `wanted` ("0,1" or UUIDs).
 * @throws LockstepError USAGE for an empty or repeated id; DEVICE_ABSENT for one that the host does not have
 */
export function gpuDevices(wanted: string, find: () => readonly FoundGpu[] = findGpus): Device[] {
  const ids = wanted.split(',').map((id) => id.trim());
  const repeated = ids.find((id, at) => id === '' || ids.indexOf(id) !== at);
  if (repeated !== undefined) {
    const what = repeated === '' ? 'an id is empty' : `GPU ${repeated} is named twice`;
    const advice = 'Give --gpus different ids with commas between them, such as 0,1.';
    throw new LockstepError('USAGE', `Cannot use --gpus "${wanted}": ${what}.`, advice);
  }
  const found = find();
  const absent = ids.find((id) => !found.some(({ index, uuid }) => id === index || id === uuid));
  if (absent !== undefined) throw absentGpu(absent, found);
  return ids.map((id) => ({ kind: 'gpu', id }));
}

/** The GPUs that nvidia-smi lists; none without that program or without a driver. */
export function findGpus(): FoundGpu[] {
  const query = ['--query-gpu=index,uuid,name', '--format=csv,noheader'];
  const { status, stdout } = spawnSync('nvidia-smi', query, { encoding: 'utf8', timeout: 20_000 });
  return status === 0 ? parseGpuList(stdout) : [];
}

/** Parses lines such as "0, GPU-4a…, NVIDIA H100 80GB HBM3". */
export function parseGpuList(csv: string): FoundGpu[] {
  return csv.split('\n').flatMap((line) => {
    const [index, uuid, ...name] = line.split(',').map((field) => field.trim());
    if (index === undefined || uuid === undefined || !/^\d+$/.test(index)) return [];
    return [{ index, uuid, name: name.join(', ') }];
  });
}

function absentGpu(id: string, found: readonly FoundGpu[]): LockstepError {
  const list = found.map(({ index, name }) => `${index} (${name})`).join(', ');
  const what = found.length === 0 ? 'nvidia-smi finds no GPU' : `this host has ${list}`;
  const advice =
    found.length === 0 ? 'Use --workers N for CPU workers.' : 'Name some of those with --gpus.';
  return new LockstepError('DEVICE_ABSENT', `Cannot use GPU ${id}: ${what}.`, advice);
}
