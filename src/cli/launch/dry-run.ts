/** What a launch would start, as text. */
import type { Device } from '../../launch/device.ts';
import { nameDevice } from '../../launch/device.ts';
import { type EnvironmentOptions, workerEnvironment } from '../../launch/environment.ts';

export interface DryRunOptions {
  readonly devices: readonly Device[];
  readonly engine: EnvironmentOptions['engine'];
  readonly runFolder: string;
}

/** One block a worker: rank and device, then its environment. Endpoints and the run's secret are made at the start. */
export function dryRunText({ devices, ...common }: DryRunOptions): string {
  const blocks = devices.map((device, rank) => {
    const seat = { LOCKSTEP_SLOT: String(rank), LOCKSTEP_WORLD_SIZE: String(devices.length) };
    const environment = Object.entries(workerEnvironment({ device, seat, ...common }));
    const lines = environment.sort().map(([name, value]) => `  ${name}=${value}`);
    return [`rank ${rank}  ${nameDevice(device)}`, ...lines].join('\n');
  });
  return `${blocks.join('\n')}\n`;
}
