/** The quickstart's four parts: data, training, held-out accuracy, answer. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { asLockstepError } from '../../src/core/errors.ts';
import { formatCount, formatDuration, formatTable } from '../../src/core/format.ts';
import { importReportText } from '../../src/data/importer/report.ts';
import { resolveEngineKind } from '../../src/engine/select.ts';
import { answerRows, answerSentence, type DrawResult } from './answer.ts';
import { buildQuickstartData } from './data.ts';
import { chooseRun } from './run-choice.ts';

const PROJECT = fileURLToPath(new URL('../..', import.meta.url));
const DATA = 'data/quickstart';
/** The portable engine computes a fifth as fast, so it gets a smaller network and fewer steps. */
const CONFIG =
  resolveEngineKind('auto') === 'tensorflow'
    ? 'configs/quickstart.yaml'
    : 'configs/quickstart-portable.yaml';
const WORKERS = 2;
const DRAWS = [0, 1, 2];
/** Steps of each held-out sequence that are looked at, as many as in two training windows. */
const TEST_CROP = 2048;

/** @returns the exit code */
export async function quickstart(): Promise<number> {
  process.chdir(PROJECT);
  const started = performance.now();
  try {
    await ensureData();
    const run = chooseRun('runs/quickstart');
    say(`\n2. Training ${CONFIG} with ${WORKERS} workers in ${run.folder}`);
    const trained = await lockstep(
      run.resume
        ? ['resume', run.folder, '--workers', String(WORKERS)]
        : ['train', CONFIG, '--workers', String(WORKERS), '--run', run.folder],
    );
    if (trained !== 0) return trained;
    say('\n3. Held-out accuracy: the test split, read once');
    const results = await Promise.all(DRAWS.map((draw) => measureDraw(run.folder, draw)));
    showAnswer(run.folder, results, (performance.now() - started) / 1000);
    return 0;
  } catch (thrown) {
    const error = asLockstepError(thrown);
    process.stderr.write(`${error.toLine()}\n`);
    return error.exitCode;
  }
}

async function ensureData(): Promise<void> {
  if (existsSync(DATA)) {
    say(`1. ${DATA} is there already (remove it to build it again)`);
    return;
  }
  say(`1. Building ${DATA} from the source text that set-up has put on this machine`);
  const report = await buildQuickstartData(DATA, ({ stage, done }) => {
    if (process.stderr.isTTY) process.stderr.write(`\r   ${stage} ${formatCount(done)} files `);
  });
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
  say(importReportText(report));
}

async function measureDraw(run: string, draw: number): Promise<DrawResult> {
  const pretrained = await testAccuracy(run, `finetune-${draw}`);
  const scratch = await testAccuracy(run, `scratch-${draw}`);
  return { draw, pretrained, scratch };
}

async function testAccuracy(run: string, phase: string): Promise<number> {
  const options = ['--phase', phase, '--split', 'test', '--crop', String(TEST_CROP), '--json'];
  const { accuracy } = JSON.parse(await lockstepOutput(['evaluate', run, ...options])) as {
    accuracy: number;
  };
  return accuracy;
}

function showAnswer(run: string, results: readonly DrawResult[], seconds: number): void {
  say(`\n${formatTable(answerRows(results))}\n`);
  say(answerSentence(results));
  say(`\nThe run is in ${relative(process.cwd(), run)} (${formatDuration(seconds)} in all). Next:`);
  say(`  npx lockstep evaluate ${run} --phase finetune-0     # where it is right and wrong`);
  say(`  npx lockstep predict ${run} --phase finetune-0 --out predictions.csv`);
  say('  npx lockstep data import FOLDER data/mine           # the same on your own files');
}

/** Runs the command line with this terminal. @returns its exit code */
async function lockstep(args: readonly string[]): Promise<number> {
  const child = spawn(process.execPath, ['bin/lockstep.js', ...args], { stdio: 'inherit' });
  // Ctrl-C reaches the command line too, which saves and ends; this process waits for it.
  process.on('SIGINT', () => {});
  process.on('SIGTERM', (signal) => child.kill(signal));
  return await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? 1));
  });
}

/** What a command prints. @throws when it fails; its own line is on stderr */
async function lockstepOutput(args: readonly string[]): Promise<string> {
  const child = spawn(process.execPath, ['bin/lockstep.js', ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  return await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0) resolve(output);
      else reject(new Error(`lockstep ${args.join(' ')} ended with exit code ${code}`));
    });
  });
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
