/** What `scripts/gpu-check` does once Lockstep is set up. */
import { writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type FoundGpu, findGpus } from '../../src/launch/device.ts';
import { workerEnvironment } from '../../src/launch/environment.ts';
import { capture } from './capture.ts';
import { type CheckResult, gpuCheckReport } from './report.ts';
import { sameBits } from './same-bits.ts';
import { timeSteps } from './step-times.ts';

const PROJECT = fileURLToPath(new URL('../..', import.meta.url));
const REPORT = 'gpu-check.md';

process.chdir(PROJECT);
const rehearses = process.argv.includes('--rehearse');
const gpus = rehearses ? [] : findGpus();
const folder = await mkdtemp(join(tmpdir(), 'lockstep-gpu-check-'));
try {
  const checks = [
    await check('PyTorch fixtures, padding and causality', () => parity(gpus[0])),
    await check('same bits on 1 and 2 workers, and stopped and resumed', () =>
      sameBits(folder, twoWorkers(gpus)),
    ),
    await check('a step', () => timeSteps(folder, oneWorker(gpus))),
  ];
  const report = gpuCheckReport({ gpus, checks, date: new Date().toISOString() });
  writeFileSync(REPORT, report);
  process.stdout.write(`\n${report}\nWritten: ${REPORT}\n`);
  process.exitCode = checks.every(({ passed }) => passed) ? 0 : 1;
} finally {
  await rm(folder, { recursive: true, force: true });
}

/** A check that fails doesn't keep the others from being made. */
async function check(name: string, run: () => Promise<string>): Promise<CheckResult> {
  process.stdout.write(`\n== ${name}\n`);
  const started = performance.now();
  const seconds = () => (performance.now() - started) / 1000;
  try {
    return { name, passed: true, details: await run(), seconds: seconds() };
  } catch (thrown) {
    const details = thrown instanceof Error ? thrown.message : String(thrown);
    process.stdout.write(`${details}\n`);
    return { name, passed: false, details, seconds: seconds() };
  }
}

/** The engine's own tests, in processes that see this GPU. */
async function parity(gpu: FoundGpu | undefined): Promise<string> {
  const device = gpu === undefined ? ({ kind: 'cpu' } as const) : gpuDevice(gpu.index);
  const environment = workerEnvironment({
    device,
    engine: { threadsPerWorker: 1, numerics: 'strict' },
    seat: {},
    runFolder: '',
  });
  const env = { ...process.env, ...environment };
  const suites = [
    'test/parity',
    'test/property/padding.test.ts',
    'test/property/causality.test.ts',
  ];
  const { code, output } = await capture(['scripts/test.mjs', ...suites], env);
  const totals = output.trimEnd().split('\n').at(-1) ?? '';
  if (code !== 0) throw new Error(`${totals}\n${output.slice(-4000)}`);
  return totals;
}

function gpuDevice(id: string) {
  return { kind: 'gpu', id } as const;
}

function oneWorker([first]: readonly FoundGpu[]): string[] {
  return first === undefined ? ['--workers', '1'] : ['--gpus', first.index];
}

/** Two workers share a single GPU: the launcher takes its number and its UUID for two. */
function twoWorkers([first, second]: readonly FoundGpu[]): { one: string[]; two: string[] } {
  if (first === undefined) return { one: ['--workers', '1'], two: ['--workers', '2'] };
  return {
    one: ['--gpus', first.index],
    two: ['--gpus', `${first.index},${second?.index ?? first.uuid}`],
  };
}
