/**
 * `npm run bench:scaling -- [NAME_TRAIN.ts …]`: test accuracy of one small network under each `data.scaling`, mean of
 * three seeds: on the given sets of the UCR and UEA archives (each with its _TEST.ts beside it), or on made-up ones.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SubtreeStack } from '../src/core/canonical-sum.ts';
import { randomStream } from '../src/core/random.ts';
import { openStore } from '../src/data/format/open-store.ts';
import type { Store } from '../src/data/format/store.ts';
import { type ImportItem, isSkip } from '../src/data/record.ts';
import type { ScalingKind } from '../src/data/scaling/scaling.ts';
import type { Engine } from '../src/engine/engine.ts';
import { createEngine } from '../src/engine/select.ts';
import { tsImporter } from '../src/formats/ucr/import-ts.ts';
import { buildStore } from '../src/importer/build/build-store.ts';
import { workerEnvironment } from '../src/launch/environment.ts';
import { measure } from '../src/nn/objective/objective.ts';
import { parseRunConfig } from '../src/run/config.ts';
import { defineRun, type RunDefinition } from '../src/run/definition.ts';
import { loadMicroBatch } from '../src/run/loader/load-micro-batch.ts';
import { stateAtPhaseStart } from '../src/run/progress.ts';

const KINDS: readonly ScalingKind[] = ['none', 'dataset', 'robust', 'sequence'];
const SEEDS = [1, 2, 3];
const CONFIG = `
name: scaling
data: { store: STORE }
model: { family: dilated, channels: 16, input: value, dilations: [1, 2, 4, 8] }
batch: { microBatches: 2, tokensPerMicroBatch: 8192, maxRows: 16 }
phases:
  - name: train
    start: fresh
    objective: { kind: supervised }
    optimizer: { kind: adamw, clipNorm: 1 }
    learningRate: { kind: warmup-cosine, peak: 1.0e-2, warmupSteps: 10 }
    statisticsMomentum: 0.3
    duration: { steps: 80 }
    evaluation: { everySteps: 80, data: { split: test } }
`;

/** A value of a made-up sequence. */
type Signal = (at: {
  label: number;
  phase: number;
  noise: number;
  draw: (n: number) => number;
}) => number;

/** Sine, square and saw-tooth wave: three shapes of mean 0 and deviation 1. */
function wave(label: number, phase: number): number {
  const turn = phase - Math.floor(phase);
  if (label === 0) return Math.SQRT2 * Math.sin(2 * Math.PI * turn);
  return label === 1 ? Math.sign(turn - 0.5) || 1 : Math.sqrt(12) * (turn - 0.5);
}

const shape: Signal = ({ label, phase, noise }) => wave(label, phase) + 0.5 * noise;
const MADE_UP: Readonly<Record<string, Signal>> = {
  'shape, amplitude 1': shape,
  'shape, + 1 000': (at) => 1000 + shape(at),
  'shape, × 10⁻⁵': (at) => 1e-5 * shape(at),
  'shape, each at its own level and amplitude': (at) =>
    100 * at.draw(0) + 10 ** (2 * at.draw(1)) * shape(at),
  'shape, 1 % spikes of 1 000': (at) => shape(at) + (at.draw(2) > 0.99 ? 1000 : 0),
  'level: + 0, 0.3, 0.6': ({ label, phase, noise }) => 300 + 0.3 * label + wave(0, phase) + noise,
  'amplitude: × 1, 1.3, 1.7': ({ label, phase, noise }) =>
    300 + 1.3 ** label * (wave(0, phase) + noise),
};

function* madeUp(signal: Signal): Generator<ImportItem> {
  for (let sequence = 0; sequence < 240; sequence++) {
    const stream = randomStream(7, 'synthetic', sequence);
    const label = sequence % 3;
    const length = 60 + stream.integer(0, 60);
    const [begin, speed] = [stream.uniform(1), 0.04 + 0.04 * stream.uniform(2)];
    const values = Float64Array.from({ length }, (_, step) => {
      const own = (n: number) => stream.uniform(10 + 8 * step + n);
      const noise = (own(3) + own(4) + own(5) - 1.5) * 2;
      const draw = (n: number) => (n === 2 ? own(6) : 2 * stream.uniform(3 + n) - 1);
      return signal({ label, phase: begin + speed * step, noise, draw });
    });
    const split = sequence < 120 ? 'train' : 'test';
    yield { id: `s${sequence}`, label: `c${label}`, values, split };
  }
}

async function* archive(trainFile: string): AsyncGenerator<ImportItem> {
  for (const split of ['train', 'test'] as const) {
    const source = split === 'train' ? trainFile : trainFile.replace('_TRAIN.', '_TEST.');
    for await (const item of tsImporter.records(source, tsImporter.options.parse({}))) {
      if (!isSkip(item)) yield { ...item, id: `${split}-${item.id}`, group: undefined, split };
    }
  }
}

/** Trains and returns the accuracy on the test split. */
async function accuracyOf(engine: Engine, run: RunDefinition, store: Store): Promise<number> {
  const { program, plan, evaluation, objective } = run.phases[0]!;
  const session = engine.session(program);
  try {
    session.load(stateAtPhaseStart(run, 0, { results: new Map(), initialWeights: undefined }));
    for (let step = 0; step < run.schedule.totalSteps; step++) {
      const count = plan.stepAt(step).microBatches.length;
      const tree = new SubtreeStack<Float32Array>(count, (a, b) => session.merge(a, b));
      for (let microBatch = 0; microBatch < count; microBatch++) {
        const place = { kind: 'training', phase: 0, stepInPhase: step, microBatch } as const;
        tree.push(microBatch, session.gradients(await loadMicroBatch(store, run.phases, place)));
      }
      const { learningRate } = run.schedule.at(step);
      const total = tree.subtrees()[0]!.sum;
      session.apply({ total, learningRate, step: step + 1, statisticsMomentum: 0.3 });
    }
    const sums = new Map(program.leaf.sums.map((name) => [name, 0]));
    for (let microBatch = 0; microBatch < evaluation!.length; microBatch++) {
      const place = { kind: 'evaluation', phase: 0, microBatch } as const;
      const found = session.evaluate(await loadMicroBatch(store, run.phases, place));
      for (const [i, name] of program.leaf.sums.entries())
        sums.set(name, sums.get(name)! + found[i]!);
    }
    return measure(objective, Object.fromEntries(sums)).metrics.accuracy!;
  } finally {
    session.dispose();
  }
}

async function rowOf(
  engine: Engine,
  folder: string,
  name: string,
  items: AsyncIterable<ImportItem> | Iterable<ImportItem>,
): Promise<string> {
  const target = join(folder, String(Math.random()).slice(2));
  await buildStore(items, { target, name: 'set', valueType: 'float32', duplicates: 'keep' });
  const store = await openStore(target);
  const cells: string[] = [];
  for (const kind of KINDS) {
    let sum = 0;
    for (const seed of SEEDS) {
      const set = [`data.store=${target}`, `data.scaling=${kind}`, `seed=${seed}`];
      const run = defineRun(parseRunConfig(CONFIG, 'scaling', set), store);
      sum += await accuracyOf(engine, run, store);
    }
    cells.push(`${((100 * sum) / SEEDS.length).toFixed(1)} %`);
  }
  await store.close();
  return `| ${[name, ...cells].join(' | ')} |\n`;
}

async function main(files: readonly string[]): Promise<void> {
  const engine = await createEngine({ kind: 'auto', threadsPerWorker: 1, numerics: 'strict' });
  const folder = mkdtempSync(join(tmpdir(), 'lockstep-scaling-'));
  try {
    process.stdout.write(`| test accuracy | ${KINDS.join(' | ')} |\n|---|---|---|---|---|\n`);
    for (const [name, signal] of files.length > 0 ? [] : Object.entries(MADE_UP)) {
      process.stdout.write(await rowOf(engine, folder, name, madeUp(signal)));
    }
    for (const file of files) {
      const name = basename(file).replace('_TRAIN.ts', '');
      process.stdout.write(await rowOf(engine, folder, name, archive(file)));
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** TensorFlow reads its environment when it loads, so a process of its own has it from its start. */
const IN_PLACE = 'LOCKSTEP_RUN_FOLDER';
if (process.env[IN_PLACE] !== undefined) await main(process.argv.slice(2));
else {
  const engine = { threadsPerWorker: 1, numerics: 'strict' } as const;
  const seat = { device: { kind: 'cpu' } as const, seat: {}, runFolder: tmpdir(), engine };
  const { status } = spawnSync(
    process.execPath,
    ['--import', 'tsx', fileURLToPath(import.meta.url), ...process.argv.slice(2)],
    { stdio: 'inherit', env: { ...process.env, ...workerEnvironment(seat) } },
  );
  process.exitCode = status ?? 1;
}
