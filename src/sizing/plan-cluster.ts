/** Predicts how a run's steps would go on several hosts, from what is measured on this one. */
import { availableParallelism } from 'node:os';
import type { RunConfig } from '../config/run-config.ts';
import { LockstepError } from '../core/errors.ts';
import type { StoreFacts } from '../data/facts.ts';
import { openStore } from '../data/format/open-store.ts';
import { type ExtensionOptions, loadExtensions } from '../extension/load.ts';
import { cpuDevices, type Device, findGpus } from '../launch/device.ts';
import { MOST_WORKERS } from '../protocol/messages.ts';
import { defineRun, type RunDefinition } from '../run/definition.ts';
import { ensureStore } from '../workflow/train/ensure-store.ts';
import { type GuardedHooks, type RunHooks, withGuardedHooks } from '../workflow/train/hooks.ts';
import { type ConfigSource, resolveRunConfig } from '../workflow/train/resolve-config.ts';
import { throwIfStopped } from '../workflow/train/stop-requests.ts';
import { settleFormulations } from '../workflow/tune/settle-formulations.ts';
import { advise } from './advice.ts';
import type { Cluster, Speeds } from './cluster.ts';
import { type Forecast, forecast, hostCounts, type Workload } from './forecast.ts';
import { computingAt, computingOfRun } from './given-computing.ts';
import { type ComputingSpeeds, measureComputing } from './measure-computing.ts';
import { measureWays } from './measure-ways.ts';
import { FORECAST } from './with-contenders.ts';
import { longestPhase, microBatchesOf, workloadOf } from './workload.ts';

export interface PlanClusterOptions extends ConfigSource, ExtensionOptions, RunHooks {
  readonly hosts: number;
  readonly workersPerHost: number;
  /** Whether each worker has a GPU. */
  readonly onGpus: boolean;
  readonly gigabitsPerSecond: number;
  readonly delayMs: number;
  /** Of a host. @default those of this one */
  readonly cores?: number | undefined;
  /** Timesteps that a worker computes in a second, instead of measuring. */
  readonly tokensPerSecond?: number | undefined;
  /** Folder of a run whose metrics say how fast its workers computed, instead of measuring. */
  readonly from?: string | undefined;
}

export interface ClusterPlan {
  /** The phase that computes most; the forecast is of its steps. */
  readonly phase: string;
  readonly steps: number;
  readonly microBatches: number;
  /** Of the gradient, sums and statistics. */
  readonly leafBytes: number;
  /** Share of the computed positions that are padding. */
  readonly padding: number;
  readonly cluster: Cluster;
  readonly speeds: Speeds;
  /** Where the speed of computing is from. */
  readonly computedBy: 'measured' | 'run' | 'given';
  /** 1, 2, 4 … hosts. */
  readonly forecasts: readonly Forecast[];
  readonly advice: string;
}

/**
 * @throws LockstepError USAGE for numbers that make no cluster, DEVICE_ABSENT where there is no GPU to measure on, and
 *   what keeps such a run from beginning
 */
export async function planCluster(options: PlanClusterOptions): Promise<ClusterPlan> {
  const cluster = clusterOf(options);
  await loadExtensions(options.extensions ?? []);
  const given = resolveRunConfig(options);
  return await withGuardedHooks(options, async (hooks) => {
    await ensureStore(given, hooks);
    const store = await openStore(given.data.store);
    try {
      return await planOf(given, store, { ...options, cluster }, hooks);
    } finally {
      await store.close();
    }
  });
}

type Asked = PlanClusterOptions & { readonly cluster: Cluster };

async function planOf(
  config: RunConfig,
  store: StoreFacts,
  options: Asked,
  hooks: GuardedHooks,
): Promise<ClusterPlan> {
  const { cluster } = options;
  const run = defineRun(config, store);
  const phase = longestPhase(run);
  const workload = workloadOf(run, phase);
  const { computing, computedBy } = await computingOf({ run, phase, workload }, options, hooks);
  say(hooks, 'Measuring the all-reduce over shared memory and over encrypted tcp on this host.');
  const ways = await measureWays(hooks);
  throwIfStopped(hooks, FORECAST);
  const speeds = { ...computing, ...ways };
  const phaseConfig = run.phases[phase]!.config;
  const { microBatches } = phaseConfig.batch ?? config.batch;
  const all = workload.steps.flat();
  const positions = all.reduce((sum, { rows, paddedLength }) => sum + rows * paddedLength, 0);
  return {
    phase: phaseConfig.name,
    steps: workload.steps.length,
    microBatches,
    leafBytes: Float32Array.BYTES_PER_ELEMENT * workload.floats,
    padding: 1 - all.reduce((sum, one) => sum + one.tokens, 0) / positions,
    ...{ cluster, speeds, computedBy },
    forecasts: hostCounts(cluster.hosts).map((hosts) =>
      forecast(workload, { ...cluster, hosts }, speeds),
    ),
    advice: advise({ cluster, speeds, microBatches, workload }),
  };
}

interface Computed {
  readonly run: RunDefinition;
  readonly phase: number;
  readonly workload: Workload;
}

async function computingOf(
  { run, phase, workload }: Computed,
  { tokensPerSecond, from, onGpus, workersPerHost }: Asked,
  hooks: GuardedHooks,
): Promise<{ computing: ComputingSpeeds; computedBy: ClusterPlan['computedBy'] }> {
  const { config } = run;
  if (tokensPerSecond !== undefined) {
    return { computing: computingAt(tokensPerSecond, workload), computedBy: 'given' };
  }
  if (from !== undefined) {
    return { computing: computingOfRun(from, config.phases[phase]!.name), computedBy: 'run' };
  }
  const devices = onGpus ? [gpuHere()] : cpusHere(workersPerHost, config);
  const microBatches = microBatchesOf(run).reduce((sum, count) => sum + count, 0);
  const settled = await settleFormulations(config, microBatches, devices[0]!, hooks);
  say(hooks, `Measuring how fast ${workersText(devices)} on this host.`);
  return {
    computing: await measureComputing(settled, phase, workload, devices, hooks),
    computedBy: 'measured',
  };
}

/** GPUs do not disturb each other. */
function gpuHere(): Device {
  const [gpu] = findGpus();
  if (gpu !== undefined) return { kind: 'gpu', id: gpu.index };
  throw new LockstepError(
    'DEVICE_ABSENT',
    'Cannot measure how fast a GPU computes: nvidia-smi finds none on this host.',
    'Run this on a host of the cluster, or give --tokens-per-second, or --from with a run that was trained there.',
  );
}

/** As many as have cores of their own: they share memory and caches. */
function cpusHere(workersPerHost: number, { engine }: RunConfig): Device[] {
  const room = Math.max(1, Math.floor(availableParallelism() / engine.threadsPerWorker));
  return cpuDevices(Math.min(workersPerHost, room));
}

function workersText(devices: readonly Device[]): string {
  if (devices[0]!.kind === 'gpu') return 'a GPU computes';
  return devices.length === 1 ? 'a worker computes' : `${devices.length} workers compute at once`;
}

const say = (hooks: GuardedHooks, text: string): void => hooks.onEvent({ kind: 'status', text });

function clusterOf(options: PlanClusterOptions): Cluster {
  const { hosts, workersPerHost, gigabitsPerSecond, delayMs, tokensPerSecond } = options;
  const { cores = availableParallelism() } = options;
  const whole = { hosts, workersPerHost, cores };
  for (const [name, value] of Object.entries(whole)) {
    if (!Number.isInteger(value) || value < 1) throw noCluster(name, value, 'an integer from 1');
  }
  const speeds = { gigabitsPerSecond, ...(tokensPerSecond !== undefined && { tokensPerSecond }) };
  for (const [name, value] of Object.entries(speeds)) {
    if (!(value > 0 && value < Number.POSITIVE_INFINITY)) {
      throw noCluster(name, value, 'a number above 0');
    }
  }
  if (!(delayMs >= 0 && delayMs < Number.POSITIVE_INFINITY)) {
    throw noCluster('delayMs', delayMs, 'a number from 0');
  }
  if (hosts * workersPerHost > MOST_WORKERS) {
    throw noCluster('hosts × workersPerHost', hosts * workersPerHost, `at most ${MOST_WORKERS}`);
  }
  return { hosts, workersPerHost, cores, network: { gigabitsPerSecond, delayMs } };
}

function noCluster(name: string, value: number, allowed: string): LockstepError {
  return new LockstepError(
    'USAGE',
    `Cannot plan a cluster with ${OPTION[name] ?? name} ${value}: it must be ${allowed}.`,
    'For example: --hosts 8 --gpus 8 --gbps 100.',
  );
}

const OPTION: Readonly<Record<string, string>> = {
  hosts: '--hosts',
  workersPerHost: '--gpus or --workers',
  cores: '--cores',
  gigabitsPerSecond: '--gbps',
  delayMs: '--delay-ms',
  tokensPerSecond: '--tokens-per-second',
};
