/**
 * The whole pipeline: `train` with one worker, from the dataset on the disk to the updated weights, beside a plain
 * PyTorch loop over the same training sequences in memory, in turn.
 */
import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { RunConfig } from '../../config/run-config.ts';
import { openStore } from '../../data/format/open-store.ts';
import { SPLITS } from '../../data/format/store.ts';
import type { RawRecord } from '../../data/record.ts';
import { describeFormulations, PLAIN_FORMULATIONS } from '../../engine/formulations.ts';
import { resolveEngineKind } from '../../engine/select.ts';
import { runConfigSchema } from '../../run/config.ts';
import { buildStore } from '../../workflow/data/build-store.ts';
import { tune } from '../../workflow/tune/tune.ts';
import { pythonProgram } from '../contender.ts';
import { type Timing, timingOf } from '../step-bench.ts';
import { type BenchModel, CLASSES, modelConfigOf, SYMBOLS } from '../step-shapes.ts';
import { type LengthRange, logUniformLengths } from './lengths.ts';
import { BUDGET, LENGTH_RATIO } from './padding-bench.ts';
import { askPython, runLockstep } from './run-program.ts';

export interface PipelineOptions {
  /** A folder for the dataset and the runs. */
  readonly root: string;
  readonly model: BenchModel;
  readonly sequences: number;
  readonly lengths: LengthRange;
  readonly steps: number;
  readonly rounds: number;
  readonly python: string | undefined;
}

/** Real tokens a second. */
export interface PipelineReport {
  readonly model: BenchModel;
  readonly lockstep: Timing;
  /** In words. */
  readonly formulations: string;
  /** Share of the time between steps in which the worker waited for data. */
  readonly waiting: number;
  readonly peer?: { readonly version: string; readonly tokensPerSecond: Timing } | undefined;
}

const WARM_UP = 20;
const THREADS = 1;
/** No micro-batch has more rows: so many of the shortest fit the budget. */
const MAX_ROWS = 128;

export async function benchPipeline(options: PipelineOptions): Promise<PipelineReport> {
  const { root, model, python, rounds } = options;
  const untuned = configOf(options);
  await buildStore({ source: records(options), store: untuned.data.store });
  const config = await tuned(untuned);
  const files = await writeTrainingFiles(config.data.store, root);
  const [ours, waits, theirs]: [number[], number[], number[]] = [[], [], []];
  let version: string | undefined;
  for (let round = 0; round < rounds; round++) {
    const { tokensPerSecond, waiting } = await timeRun(join(root, `run-${round}`), config);
    ours.push(tokensPerSecond);
    waits.push(waiting);
    const counts = [THREADS, BUDGET, WARM_UP, options.steps].map(String);
    const args = [pythonProgram('./data/pipeline_peer.py'), model, ...counts, ...files];
    const peer = await askPython<{ tokensPerSecond: number; version: string }>(python, args);
    if (peer === undefined) continue;
    version = peer.version;
    theirs.push(peer.tokensPerSecond);
  }
  const waiting = waits.reduce((a, b) => a + b, 0) / waits.length;
  const { formulations } = config.engine;
  // Only the portable engine has none.
  const words = describeFormulations(formulations === 'auto' ? PLAIN_FORMULATIONS : formulations);
  const report = { model, lockstep: timingOf(ours), formulations: words, waiting };
  if (version === undefined) return report;
  return { ...report, peer: { version, tokensPerSecond: timingOf(theirs) } };
}

/** With the formulations that a run over the whole dataset chooses by itself; the timed steps are too few for that. */
async function tuned(config: RunConfig): Promise<RunConfig> {
  const { engine } = config;
  if (resolveEngineKind(engine.kind) === 'portable') return config;
  const { formulations } = await tune({ config });
  return { ...config, engine: { ...engine, formulations } };
}

interface StepLine {
  readonly kind: string;
  readonly time: string;
  readonly tokens: readonly number[];
  readonly timings: readonly Readonly<Record<string, number>>[];
}

/** Runs a configuration with one worker, and times its steps after the warm-up. */
export async function timeRun(
  folder: string,
  config: RunConfig,
  { workers = 1, warmUp = WARM_UP } = {},
): Promise<{ readonly tokensPerSecond: number; readonly waiting: number }> {
  const file = `${folder}.yaml`;
  writeFileSync(file, stringify(config));
  await runLockstep(['train', file, '--workers', String(workers), '--run', folder]);
  const steps = readFileSync(join(folder, 'metrics.jsonl'), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as StepLine)
    .filter(({ kind }) => kind === 'step');
  const timed = steps.slice(warmUp);
  const seconds = (Date.parse(timed.at(-1)!.time) - Date.parse(steps[warmUp - 1]!.time)) / 1000;
  const tokens = timed.flatMap((step) => step.tokens).reduce((a, b) => a + b, 0);
  const parts = timed.flatMap(({ timings }) => timings);
  const waited = parts.reduce((sum, { dataMs = 0 }) => sum + dataMs, 0);
  const spent = parts.flatMap((part) => Object.values(part)).reduce((a, b) => a + b, 0);
  return { tokensPerSecond: tokens / seconds, waiting: waited / spent };
}

function configOf({ root, model, steps }: PipelineOptions): RunConfig {
  return runConfigSchema().parse({
    name: 'pipeline',
    data: { store: join(root, 'data'), scaling: 'none' },
    model: modelConfigOf(model),
    batch: {
      ...{ microBatches: 1, tokensPerMicroBatch: BUDGET, maxRows: MAX_ROWS },
      lengthRatio: LENGTH_RATIO,
    },
    engine: { threadsPerWorker: THREADS },
    phases: [
      {
        name: 'train',
        start: 'fresh',
        objective: { kind: 'supervised', classWeights: 'none' },
        optimizer: { kind: 'adamw', weightDecay: 0 },
        learningRate: { kind: 'constant', value: 1e-3 },
        duration: { steps: WARM_UP + steps },
      },
    ],
    checkpoint: { everySteps: WARM_UP + steps },
  });
}

/** Symbols without a pattern: only their number and the lengths count here. */
function* records({ sequences, lengths }: PipelineOptions): Generator<RawRecord> {
  for (const [row, length] of logUniformLengths(sequences, lengths).entries()) {
    const values = new Uint8Array(length);
    let word = row + 1;
    for (let t = 0; t < length; t++) {
      word = (Math.imul(word, 1_664_525) + 1_013_904_223) >>> 0;
      values[t] = (word >>> 16) % SYMBOLS;
    }
    yield { id: `sequence-${row}`, label: `class-${row % CLASSES}`, values };
  }
}

/** Lengths, labels (int32) and values (bytes) of the training split, for PyTorch. */
async function writeTrainingFiles(path: string, root: string): Promise<string[]> {
  const folder = join(root, 'torch');
  mkdirSync(folder);
  const files = ['lengths', 'labels', 'values'].map((name) => join(folder, name));
  const store = await openStore(path);
  try {
    const { lengths, labels, splits } = store.index;
    const isTraining = (_: number, sequence: number) => SPLITS[splits[sequence]!] === 'train';
    const sequences = Int32Array.from(lengths.keys()).filter(isTraining);
    writeFileSync(
      files[0]!,
      sequences.map((sequence) => lengths[sequence]!),
    );
    writeFileSync(
      files[1]!,
      sequences.map((sequence) => labels[sequence]!),
    );
    const values = openSync(files[2]!, 'w');
    for (const sequence of sequences) {
      const symbols = await store.read(sequence, 0, lengths[sequence]!);
      writeSync(values, Uint8Array.from(symbols));
    }
    closeSync(values);
  } finally {
    await store.close();
  }
  return files;
}
