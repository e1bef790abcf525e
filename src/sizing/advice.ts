/** What would use a cluster better, in one sentence. Pure. */
import type { Cluster, Speeds } from './cluster.ts';
import { type Forecast, forecast, hostCounts, type Workload } from './forecast.ts';
import { workersOf } from './traffic.ts';
import { withLargerSteps } from './workload.ts';

/** From here on a cluster counts as well used. */
const WELL_USED = 0.8;
/** More of them would be another training. */
const MOST_TIMES = 16;
/** Speeds of networks that can be bought. */
const NETWORKS = [1, 10, 25, 100, 200, 400];

export interface AdviceRequest {
  readonly cluster: Cluster;
  readonly speeds: Speeds;
  /** M of the configuration. */
  readonly microBatches: number;
  readonly workload: Workload;
}

export function advise(request: AdviceRequest): string {
  const { cluster, microBatches, workload, speeds } = request;
  const asked = forecast(workload, cluster, speeds);
  if (asked.efficiency >= WELL_USED) {
    return `${hostsText(cluster.hosts)} of ${cluster.workersPerHost} would be well used.`;
  }
  const idle = workersOf(cluster) - microBatches;
  const cause =
    idle > 0
      ? `${idle} of ${workersOf(cluster)} workers would have nothing to do, since a step has ${microBatches} micro-batches`
      : `${percent(1 - asked.efficiency)} of the workers' time would be lost, most of it to ${LOST_TO[lostTo(asked)]}`;
  const ways = [moreMicroBatches(request), fasterNetwork(request), fewerHosts(request)].filter(
    (way) => way !== undefined,
  );
  const alone = forecast(workload, { ...cluster, hosts: 1 }, speeds).efficiency;
  const end = ways.length === 0 ? `even one host reaches ${percent(alone)}` : ways.join('; or ');
  return `${cause}: ${end}.`;
}

/** What a part of a step is called. */
export const LOST_TO: Readonly<Record<Forecast['bound'], string>> = {
  computing: 'computing',
  uneven: 'uneven shares',
  insideHost: 'sums inside a host',
  network: 'the network',
  encryption: 'encryption',
  waiting: 'waiting for messages',
  update: 'the update',
  coordinator: 'the coordinator',
};

function lostTo({ parts }: Forecast): Forecast['bound'] {
  const { computing: _, ...lost } = parts;
  const names = Object.keys(lost) as (keyof typeof lost)[];
  return names.reduce((longest, name) => (lost[name] > lost[longest] ? name : longest));
}

function moreMicroBatches({ cluster, speeds, microBatches, workload }: AdviceRequest) {
  for (let times = 2; times <= MOST_TIMES; times *= 2) {
    const more = times * microBatches;
    const { efficiency } = forecast(withLargerSteps(workload, times), cluster, speeds);
    if (efficiency < WELL_USED) continue;
    return `batch.microBatches ${more} instead of ${microBatches}, another training with larger steps, would reach ${percent(efficiency)}`;
  }
  return undefined;
}

function fasterNetwork({ cluster, speeds, workload }: AdviceRequest) {
  if (cluster.hosts === 1) return undefined;
  for (const gigabitsPerSecond of NETWORKS) {
    if (gigabitsPerSecond <= cluster.network.gigabitsPerSecond) continue;
    const network = { ...cluster.network, gigabitsPerSecond };
    const { efficiency } = forecast(workload, { ...cluster, network }, speeds);
    if (efficiency < WELL_USED) continue;
    return `a network of ${gigabitsPerSecond} Gbit/s would reach ${percent(efficiency)}`;
  }
  return undefined;
}

function fewerHosts({ cluster, speeds, workload }: AdviceRequest) {
  const fewer = hostCounts(cluster.hosts)
    .slice(0, -1)
    .map((hosts) => forecast(workload, { ...cluster, hosts }, speeds))
    .findLast(({ efficiency }) => efficiency >= WELL_USED);
  if (fewer === undefined) return undefined;
  return `${hostsText(fewer.hosts)} would reach ${percent(fewer.efficiency)}`;
}

const hostsText = (hosts: number): string => (hosts === 1 ? 'one host' : `${hosts} hosts`);
const percent = (share: number): string => `${Math.round(100 * share)} %`;
