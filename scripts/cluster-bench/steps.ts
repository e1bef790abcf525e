/** Runs on two made-up hosts beside what the forecast says of them. */

import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { stringify } from 'yaml';
import { formatTable } from '../../src/core/format.ts';
import { openStore } from '../../src/data/format/open-store.ts';
import { cpuDevices } from '../../src/launch/device.ts';
import { runConfigSchema } from '../../src/run/config.ts';
import { defineRun } from '../../src/run/definition.ts';
import type { Cluster, Speeds } from '../../src/sizing/cluster.ts';
import { forecast } from '../../src/sizing/forecast.ts';
import { computingOfRun } from '../../src/sizing/given-computing.ts';
import { measureComputing } from '../../src/sizing/measure-computing.ts';
import { measureWays } from '../../src/sizing/measure-ways.ts';
import { workloadOf } from '../../src/sizing/workload.ts';
import { ensureStore } from '../../src/workflow/train/ensure-store.ts';
import { withDefaultFormulations } from '../../src/workflow/tune/settle-formulations.ts';
import { addressOf, MadeUpHosts } from '../../test/helper/made-up-hosts.ts';

export interface StepsOptions {
  readonly models: readonly SizedModel[];
  readonly workersPerHost: readonly number[];
  readonly megabitsPerSecond: readonly number[];
  readonly delayMs: number;
  readonly microBatches: number;
  readonly steps: number;
}

export interface SizedModel {
  readonly channels: number;
  readonly dilations: readonly number[];
  readonly tokensPerMicroBatch: number;
}

/** Gradients of 0.6, 4.8 and 12.7 MB. */
export const SIZED_MODELS: readonly SizedModel[] = [
  { channels: 64, dilations: [1, 2, 4, 8, 16, 32], tokensPerMicroBatch: 4096 },
  { channels: 256, dilations: [1, 2, 4], tokensPerMicroBatch: 1024 },
  { channels: 512, dilations: [1, 2], tokensPerMicroBatch: 512 },
];

const HOSTS = 2;
/** Steps that build graphs: a worker meets a rare shape of micro-batch late. */
const WARM_UP = 20;
const PHASE = 'train';
/** From the build, which starts sooner than the sources. */
const LOCKSTEP = join(import.meta.dirname, '..', '..', 'bin', 'lockstep.js');
const KEY = 'c4'.repeat(32);

/** Predicts and runs each combination, and prints a line for each. */
export async function benchSteps(options: StepsOptions): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'lockstep-bench-'));
  writeFileSync(join(folder, 'key'), KEY, { mode: 0o600 });
  const rows: string[][] = [];
  try {
    for (const [number, model] of options.models.entries()) {
      const config = configOf(join(folder, `data-${number}`), model, options);
      await ensureStore(config, { onEvent: () => {} });
      for (const workersPerHost of options.workersPerHost) {
        for (const megabitsPerSecond of options.megabitsPerSecond) {
          const row = await compare(folder, config, { workersPerHost, megabitsPerSecond }, options);
          rows.push(row);
          process.stderr.write(`${row.join('  ')}\n`);
        }
      }
    }
    process.stdout.write(`${formatTable([HEAD, ...rows])}\n`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const HEAD = [
  ...['gradient, MB', 'workers', 'Mbit/s', 'measured, ms', 'predicted, ms', 'off by'],
  ...['as the run computed, ms', 'off by', 'of it: computing', 'network', 'encryption'],
];

type Config = ReturnType<typeof configOf>;

async function compare(
  folder: string,
  config: Config,
  { workersPerHost, megabitsPerSecond }: { workersPerHost: number; megabitsPerSecond: number },
  { delayMs, steps }: StepsOptions,
): Promise<string[]> {
  const store = await openStore(config.data.store);
  const workload = workloadOf(defineRun(config, store), 0);
  await store.close();
  // The made-up hosts share this machine's cores, and so compute at the same time.
  const cluster: Cluster = {
    ...{ hosts: HOSTS, workersPerHost, cores: Math.max(1, availableParallelism() / HOSTS) },
    network: { gigabitsPerSecond: megabitsPerSecond / 1000, delayMs },
  };
  const devices = cpuDevices(HOSTS * workersPerHost);
  const measure = async (): Promise<Speeds> => ({
    ...(await measureComputing(config, 0, workload, devices, { onEvent: () => {} })),
    ...(await measureWays({})),
  });
  const predict = (speeds: Speeds) => forecast(workload, cluster, speeds);
  const run = join(folder, `run-${performance.now()}`);
  const measured = await stepMsOf(folder, config, run, cluster, megabitsPerSecond, steps);
  const speeds = await measure();
  const predicted = predict(speeds).stepMs;
  const { stepMs, parts } = predict({ ...speeds, ...computingOfRun(run, PHASE, WARM_UP) });
  const off = (ms: number) =>
    `${ms > measured ? '+' : ''}${Math.round(100 * (ms / measured - 1))} %`;
  const numbers = [measured, predicted, stepMs].map((ms) => ms.toFixed(0));
  return [
    ...[
      ((4 * workload.floats) / 1e6).toFixed(1),
      `2 × ${workersPerHost}`,
      String(megabitsPerSecond),
    ],
    ...[numbers[0]!, numbers[1]!, off(predicted), numbers[2]!, off(stepMs)],
    ...[
      (parts.computing + parts.uneven).toFixed(0),
      parts.network.toFixed(0),
      parts.encryption.toFixed(0),
    ],
  ];
}

/** Mean time between steps of a run on both hosts. */
async function stepMsOf(
  folder: string,
  config: Config,
  run: string,
  { workersPerHost, network }: Cluster,
  megabitsPerSecond: number,
  steps: number,
): Promise<number> {
  const file = `${run}.yaml`;
  writeFileSync(file, stringify(config));
  const hosts = await MadeUpHosts.open(HOSTS, { megabitsPerSecond, delayMs: network.delayMs });
  try {
    const ended = Array.from({ length: HOSTS }, async (_, at) => {
      const [node, ...argv] = hosts.on(at + 1, folder, [
        ...[process.execPath, LOCKSTEP],
        ...['train', file, '--hosts', String(HOSTS), '--workers', String(workersPerHost)],
        ...['--run', run, '--rendezvous', `tcp://${addressOf(1)}:29400`, '--key-file', 'key'],
      ]);
      const child = spawn(node, argv, { stdio: ['ignore', 'ignore', 'pipe'] });
      const said = await text(child.stderr);
      if (!/^EXIT code=0 /m.test(said)) throw new Error(`A run of the benchmark failed: ${said}`);
    });
    await Promise.all(ended);
  } finally {
    await hosts.close();
  }
  const times = readFileSync(join(run, 'metrics.jsonl'), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { kind: string; time: string })
    .flatMap(({ kind, time }) => (kind === 'step' ? [Date.parse(time)] : []));
  return (times[WARM_UP + steps]! - times[WARM_UP]!) / steps;
}

function configOf(
  store: string,
  { channels, dilations, tokensPerMicroBatch }: SizedModel,
  { steps, microBatches }: StepsOptions,
) {
  const longest = Math.min(512, tokensPerMicroBatch);
  const parsed = runConfigSchema().parse({
    name: 'steps',
    data: {
      store,
      synthetic: {
        ...{ count: 400, classes: 3, symbols: 12, seed: 1 },
        length: { minimum: longest / 2, maximum: longest },
      },
    },
    model: { family: 'dilated', channels, input: 'value', maskValue: -1, dilations, kernel: 3 },
    batch: { microBatches, tokensPerMicroBatch },
    engine: { kind: 'compiled' },
    phases: [
      {
        name: PHASE,
        start: 'fresh',
        objective: { kind: 'supervised' },
        optimizer: { kind: 'adamw', weightDecay: 0 },
        learningRate: { kind: 'constant', value: 1e-3 },
        duration: { steps: WARM_UP + steps + 2 },
      },
    ],
    checkpoint: { everySteps: 10_000 },
  });
  return withDefaultFormulations(parsed);
}
