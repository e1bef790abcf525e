/**
 * Times one run of several workers, then as many separate runs of one worker, which exchange nothing, and PyTorch's
 * DistributedDataParallel over gloo, in turn. It times whole runs by the time of day in their metrics, so the
 * figures include everything between the steps.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { LockstepError } from '../core/errors.ts';
import { COMMAND_LINE, startProgram } from '../launch/program.ts';
import { runConfigSchema } from '../run/config.ts';
import { ensureStore } from '../workflow/train/ensure-store.ts';
import { pythonProgram, startContender } from './contender.ts';
import { type Timing, timingOf } from './step-bench.ts';
import { type BenchModel, CLASSES, modelConfigOf, SYMBOLS } from './step-shapes.ts';

/** What to time. */
export interface ScalingOptions {
  readonly model: BenchModel;
  readonly workers: number;
  /** Micro-batches that one worker computes in a global step. */
  readonly microBatchesEach: readonly number[];
  readonly steps: number;
  readonly rounds: number;
  /** A Python that can import torch. */
  readonly peer?: string | undefined;
}

/** Tokens per second of all workers together. */
export interface ScalingRow {
  readonly microBatchesEach: number;
  readonly together: Timing;
  readonly apart: Timing;
  readonly ddp: Timing | undefined;
}

/** Shape of a micro-batch. */
export const SCALING_SHAPE = { rows: 8, length: 2048 } as const;
const TOKENS = SCALING_SHAPE.rows * SCALING_SHAPE.length;
const WARM_UP = 20;

/**
 * Times all contenders in turn.
 * @throws LockstepError UNEXPECTED when a run or the peer fails
 */
export async function benchScaling(
  options: ScalingOptions,
  onRow: (row: ScalingRow) => void,
): Promise<ScalingRow[]> {
  const root = mkdtempSync(join(tmpdir(), 'lockstep-bench-'));
  try {
    await ensureStore(configOf(root, options, 1), { onEvent: () => {} });
    const rows: ScalingRow[] = [];
    for (const microBatchesEach of options.microBatchesEach) {
      const row = await timeRow(root, options, microBatchesEach);
      rows.push(row);
      onRow(row);
    }
    return rows;
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

async function timeRow(
  root: string,
  options: ScalingOptions,
  microBatchesEach: number,
): Promise<ScalingRow> {
  const { workers, rounds, peer } = options;
  const [together, apart, ddp]: [number[], number[], number[]] = [[], [], []];
  const alone = Array.from({ length: workers }, (_, i) => i);
  for (let round = 0; round < rounds; round++) {
    const folder = join(root, `${microBatchesEach}-${round}`);
    mkdirSync(folder);
    together.push(
      await speedOfRun(join(folder, 'together'), root, options, {
        workers,
        microBatches: workers * microBatchesEach,
      }),
    );
    const speeds = await Promise.all(
      alone.map((i) =>
        speedOfRun(join(folder, `apart-${i}`), root, options, {
          workers: 1,
          microBatches: microBatchesEach,
        }),
      ),
    );
    apart.push(speeds.reduce((a, b) => a + b, 0));
    if (peer !== undefined) {
      ddp.push(await speedOfDdp(join(folder, 'gloo'), peer, options, microBatchesEach));
    }
  }
  return {
    microBatchesEach,
    together: timingOf(together),
    apart: timingOf(apart),
    ddp: peer === undefined ? undefined : timingOf(ddp),
  };
}

/** Tokens per second, from the end of the warm-up to four fifths of the steps. */
async function speedOfRun(
  folder: string,
  root: string,
  options: ScalingOptions,
  { workers, microBatches }: { workers: number; microBatches: number },
): Promise<number> {
  const config = `${folder}.yaml`;
  writeFileSync(config, stringify(configOf(root, options, microBatches)));
  await lockstep(['train', config, '--workers', String(workers), '--run', folder]);
  const times = readFileSync(join(folder, 'metrics.jsonl'), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { kind: string; time: string })
    .flatMap(({ kind, time }) => (kind === 'step' ? [Date.parse(time)] : []));
  // Runs that began together do not end together: one may have had the host to itself for its last steps.
  const last = WARM_UP + Math.floor(0.8 * options.steps);
  const seconds = (times[last]! - times[WARM_UP]!) / 1000;
  return ((last - WARM_UP) * microBatches * TOKENS) / seconds;
}

async function lockstep(args: readonly string[]): Promise<void> {
  const child = startProgram(COMMAND_LINE, args, {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let errors = '';
  child.stderr!.on('data', (chunk: Buffer) => {
    errors += chunk.toString();
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (code === 0) return;
  throw new LockstepError(
    'UNEXPECTED',
    `A run of the benchmark ended with exit code ${code}: ${errors.trimEnd().split('\n').at(-1)}`,
    'What was wrong stands there.',
  );
}

async function speedOfDdp(
  file: string,
  peer: string,
  { model, workers, steps }: ScalingOptions,
  microBatches: number,
): Promise<number> {
  const members = Array.from({ length: workers }, (_, rank) =>
    startContender(
      `DistributedDataParallel rank ${rank}`,
      [peer, pythonProgram('./ddp_peer.py'), String(rank), String(workers), file],
      { threadsPerWorker: 1, numerics: 'strict' },
    ),
  );
  try {
    const request = { model, ...SCALING_SHAPE, microBatches, warmUp: WARM_UP, steps };
    const [first] = await Promise.all(
      members.map((member) => member.ask<{ secondsAStep: number }>(request)),
    );
    return (workers * microBatches * TOKENS) / first!.secondsAStep;
  } finally {
    for (const member of members) member.close();
  }
}

function configOf(root: string, { model, steps }: ScalingOptions, microBatches: number) {
  const { rows, length } = SCALING_SHAPE;
  return runConfigSchema().parse({
    name: 'scaling',
    data: {
      store: join(root, 'data'),
      synthetic: {
        ...{ count: 400, classes: CLASSES, symbols: SYMBOLS, seed: 1 },
        length: { minimum: length, maximum: length },
      },
    },
    model: modelConfigOf(model),
    batch: { microBatches, tokensPerMicroBatch: rows * length },
    phases: [
      {
        name: 'train',
        start: 'fresh',
        objective: { kind: 'supervised' },
        optimizer: { kind: 'adamw', weightDecay: 0 },
        learningRate: { kind: 'constant', value: 1e-3 },
        duration: { steps: WARM_UP + steps },
      },
    ],
    checkpoint: { everySteps: WARM_UP + steps },
  });
}
