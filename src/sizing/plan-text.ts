/** A plan of a cluster, for people. */
import { capital, formatCount, formatNumber, formatTable } from '../core/format.ts';
import { LOST_TO } from './advice.ts';
import type { Forecast } from './forecast.ts';
import type { ClusterPlan } from './plan-cluster.ts';

export function planText(plan: ClusterPlan): string {
  const { phase, steps, microBatches, padding, leafBytes, cluster, forecasts, advice } = plan;
  const { network, workersPerHost } = cluster;
  return [
    `Phase "${phase}": ${steps} steps of its plan, ${microBatches} micro-batches a step, ${percent(padding)} padding; a gradient of ${megabytes(leafBytes)}.`,
    measuredText(plan),
    `Hosts of ${workersPerHost}, a network of ${formatNumber(network.gigabitsPerSecond)} Gbit/s and ${formatNumber(network.delayMs)} ms:`,
    '',
    formatTable([
      ['hosts', 'workers', 'step, ms', 'tokens/s', 'efficiency', 'most of a step', 'network, ms'],
      ...forecasts.map(rowOf),
    ]),
    '',
    capital(advice),
    '',
  ].join('\n');
}

const COMPUTED_BY = {
  measured: 'Measured here',
  run: 'From the run, and measured here',
  given: 'Given, and measured here',
} as const;

function measuredText({ speeds, computedBy }: ClusterPlan): string {
  const { gradients, spread, sharedMemory, tcp } = speeds;
  const paces = gradients.map(
    ({ paddedLength, msPerPosition }) =>
      `${formatCount(1000 / msPerPosition)} positions/s${computedBy === 'measured' ? ` at length ${paddedLength}` : ''}`,
  );
  const rate = (cpuMsPerByte: number) => `${formatNumber(Math.round(1e-3 / cpuMsPerByte))} MB/s`;
  return [
    `${COMPUTED_BY[computedBy]}: a worker computes ${paces.join(', ')}`,
    `the slowest of them takes ${spread.toFixed(2)} times the mean`,
    `a core moves ${rate(sharedMemory.cpuMsPerByte)} by shared memory and ${rate(tcp.cpuMsPerByte)} by encrypted tcp.`,
  ].join('; ');
}

function rowOf({ hosts, workers, stepMs, tokensPerSecond, efficiency, bound, parts }: Forecast) {
  return [
    String(hosts),
    String(workers),
    formatNumber(Number(stepMs.toPrecision(3))),
    formatCount(tokensPerSecond),
    percent(efficiency),
    `${LOST_TO[bound]} (${percent(parts[bound] / stepMs)})`,
    formatNumber(Number(parts.network.toPrecision(3))),
  ];
}

const percent = (share: number): string => `${Math.round(100 * share)} %`;
const megabytes = (bytes: number): string =>
  `${formatNumber(Number((bytes / 1e6).toPrecision(3)))} MB`;
