/** What a run's steps come to on clusters of several sizes. Pure. */
import type { Cluster, MicroBatchShape, Speeds } from './cluster.ts';
import { type StepParts, stepTime, totalMs } from './step-time.ts';
import { workersOf } from './traffic.ts';

/** Steps of a run's plan. */
export interface Workload {
  /** Micro-batches by step. */
  readonly steps: readonly (readonly MicroBatchShape[])[];
  /** Numbers in a leaf: gradient, sums and statistics. */
  readonly floats: number;
}

/** One size of cluster; means over the steps. */
export interface Forecast {
  readonly hosts: number;
  readonly workers: number;
  readonly stepMs: number;
  /** Without padding. */
  readonly tokensPerSecond: number;
  /** Speed divided by that of as many workers of which each had all steps to itself. */
  readonly efficiency: number;
  /** The longest part of a step. */
  readonly bound: keyof StepParts;
  readonly parts: StepParts;
}

export function forecast(workload: Workload, cluster: Cluster, speeds: Speeds): Forecast {
  const parts = meanParts(workload, cluster, speeds);
  const alone = { ...cluster, hosts: 1, workersPerHost: 1 };
  const stepMs = totalMs(parts);
  const aloneMs = totalMs(meanParts(workload, alone, speeds));
  const workers = workersOf(cluster);
  const tokens = workload.steps.flat().reduce((sum, one) => sum + one.tokens, 0);
  const names = Object.keys(parts) as (keyof StepParts)[];
  return {
    hosts: cluster.hosts,
    workers,
    stepMs,
    tokensPerSecond: (1000 * tokens) / workload.steps.length / stepMs,
    efficiency: aloneMs / (workers * stepMs),
    bound: names.reduce((longest, name) => (parts[name] > parts[longest] ? name : longest)),
    parts,
  };
}

/** 1, 2, 4 … hosts, and the number that was asked for. */
export function hostCounts(most: number): number[] {
  const powers = Array.from({ length: Math.ceil(Math.log2(most)) }, (_, power) => 2 ** power);
  return [...powers, most];
}

function meanParts({ steps, floats }: Workload, cluster: Cluster, speeds: Speeds): StepParts {
  const all = steps.map((step) => stepTime(step, floats, cluster, speeds));
  const mean = (name: keyof StepParts) =>
    all.reduce((sum, parts) => sum + parts[name], 0) / all.length;
  const names = Object.keys(all[0]!) as (keyof StepParts)[];
  return Object.fromEntries(names.map((name) => [name, mean(name)])) as unknown as StepParts;
}
