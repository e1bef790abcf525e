/** Times the quickstart's pretraining step at two widths. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { succeed } from './capture.ts';

const STEPS = 40;
const WARM_UP = 10;
const WIDTHS = [32, 64];

/** @returns a line for each width: median milliseconds and tokens a second */
export async function timeSteps(folder: string, where: readonly string[]): Promise<string> {
  const store = join(folder, 'data');
  await succeed([
    'data',
    'synth',
    store,
    '--count',
    '400',
    '--min-length',
    '1024',
    '--max-length',
    '4096',
  ]);
  const lines: string[] = [];
  for (const width of WIDTHS) {
    const run = join(folder, `width-${width}`);
    const changes = {
      'data.store': store,
      'model.channels': width,
      phases:
        '[{name: time, start: fresh, objective: {kind: masked}, data: {crop: 1024}, optimizer: {kind: adamw}, learningRate: {kind: constant, value: 1.0e-3}, duration: {steps: ' +
        STEPS +
        '}}]',
    };
    const sets = Object.entries(changes).flatMap(([key, value]) => ['--set', `${key}=${value}`]);
    await succeed(['train', 'configs/quickstart.yaml', '--run', run, ...sets, ...where]);
    lines.push(
      `${width} channels, 2 × 8 × 1 024 tokens: ${medianStep(readFileSync(join(run, 'metrics.jsonl'), 'utf8'))}`,
    );
  }
  return lines.join('\n');
}

interface StepLine {
  readonly kind: string;
  readonly tokensPerSecond?: number;
  readonly timings?: readonly { readonly computeMs: number }[];
}

/** @param metrics a run's `metrics.jsonl` */
export function medianStep(metrics: string): string {
  const steps = metrics
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as StepLine)
    .filter(({ kind }) => kind === 'step')
    .slice(WARM_UP);
  const compute = median(steps.map(({ timings }) => timings![0]!.computeMs));
  const speed = median(steps.map(({ tokensPerSecond }) => tokensPerSecond!));
  return `${compute.toFixed(1)} ms compute, ${Math.round(speed)} tokens/s`;
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[numbers.length >> 1]!;
}
