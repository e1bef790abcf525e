/**
 * `npm run test:accuracy -- FOLDER [--seeds 5] [--sets ACSF1,OSULeaf] [--set model.variant=multi …]`: accuracy of
 * `lockstep rocket` on the test splits of benchmark sets, mean ± deviation over seeds, beside published figures, and mean
 * ranks. FOLDER is a site-packages folder with aeon or sktime, or a folder of sets. It downloads nothing.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { reportError } from '../src/launch/exit.ts';
import { meanOf, varianceOf } from '../src/statistics/mean.ts';
import { buildStore } from '../src/workflow/data/build-store.ts';
import { evaluate } from '../src/workflow/predict/evaluate.ts';
import { rocket } from '../src/workflow/rocket/rocket.ts';
import { type BenchmarkSet, findSets } from './accuracy/find-sets.ts';
import { meanRanks } from './accuracy/ranks.ts';

const publishedSchema = z.strictObject({
  read: z.iso.date(),
  methods: z.array(
    z.strictObject({
      name: z.string(),
      source: z.string(),
      /** By set, in percent. */
      accuracy: z.record(z.string(), z.number()),
    }),
  ),
});
type Published = z.output<typeof publishedSchema>;

interface Measured {
  /** In percent, one a seed. */
  readonly accuracies: readonly number[];
  /** Mean expected calibration error, in percent. */
  readonly calibration: number;
  /** Of one fit, start of the process left out. */
  readonly seconds: number;
}

async function measureSet(
  set: BenchmarkSet,
  { seeds, changes }: { readonly seeds: number; readonly changes: readonly string[] },
): Promise<Measured> {
  const folder = mkdtempSync(join(tmpdir(), 'lockstep-accuracy-'));
  const store = join(folder, 'data');
  const { train, test } = set;
  await buildStore({ train, test, store, valueType: 'float32', duplicates: 'keep' });
  const [accuracies, calibrations, times]: [number[], number[], number[]] = [[], [], []];
  for (let seed = 0; seed < seeds; seed++) {
    const runFolder = join(folder, `run-${seed}`);
    const started = performance.now();
    await rocket({ data: store, runFolder, set: [`seed=${seed}`, ...changes] });
    times.push((performance.now() - started) / 1000);
    const result = await evaluate({ runFolder });
    if (result.task !== 'class') throw new TypeError(`${set.name} has ${result.task}`);
    accuracies.push(100 * result.accuracy);
    calibrations.push(100 * result.calibrationError);
  }
  rmSync(folder, { recursive: true });
  return { accuracies, calibration: meanOf(calibrations), seconds: meanOf(times) };
}

const cells = (all: readonly string[]): string => `| ${all.join(' | ')} |\n`;
const figure = (value: number | undefined): string => value?.toFixed(1) ?? '–';

function rowOf(name: string, measured: Measured, published: Published): string {
  const { accuracies, calibration, seconds } = measured;
  const deviation = accuracies.length > 1 ? Math.sqrt(varianceOf(accuracies)) : 0;
  const own = `${figure(meanOf(accuracies))} ± ${figure(deviation)}`;
  const others = published.methods.map(({ accuracy }) => figure(accuracy[name]));
  return cells([name, own, ...others, figure(calibration), seconds.toFixed(2)]);
}

/** Published figures have two decimals. */
const rounded = (value: number): number => Math.round(100 * value) / 100;

function rankText(measured: ReadonlyMap<string, Measured>, { methods }: Published): string {
  const rowsOf = (others: Published['methods']) =>
    [...measured].map(([name, { accuracies }]) => [
      rounded(meanOf(accuracies)),
      ...others.map(({ accuracy }) => accuracy[name]),
    ]);
  const lines = methods.map((method) => {
    const { datasets, ranks } = meanRanks(rowsOf([method]));
    if (datasets === 0) return '';
    return `Mean rank against ${method.name} on ${datasets} sets: ${ranks[0]!.toFixed(2)} to ${ranks[1]!.toFixed(2)}\n`;
  });
  return lines.join('');
}

async function main(): Promise<void> {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: {
      seeds: { type: 'string', default: '5' },
      sets: { type: 'string' },
      set: { type: 'string', multiple: true, default: [] },
    },
  });
  const file = new URL('accuracy/published.json', import.meta.url);
  const published = publishedSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  const known = published.methods.flatMap(({ accuracy }) => Object.keys(accuracy));
  const names = new Set(values.sets?.split(',') ?? known);
  const sets = findSets(positionals[0] ?? '.', names);
  const others = published.methods.map(({ name }) => name);
  const head = ['set', 'rocket', ...others, 'calibration error', 'fit, seconds'];
  process.stdout.write(cells(head) + cells(head.map(() => '---')));
  const measured = new Map<string, Measured>();
  for (const set of sets) {
    const one = await measureSet(set, { seeds: Number(values.seeds), changes: values.set });
    measured.set(set.name, one);
    process.stdout.write(rowOf(set.name, one, published));
  }
  process.stdout.write(`\n${rankText(measured, published)}\nFigures as read ${published.read}:\n`);
  for (const { name, source } of published.methods) process.stdout.write(`- ${name}: ${source}\n`);
}

try {
  await main();
} catch (thrown) {
  process.exitCode = reportError(thrown);
}
