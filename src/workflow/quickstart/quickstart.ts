/** The quickstart's four parts: data, training, held-out accuracy, answer. */

import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { asLockstepError } from '../../core/errors.ts';
import { formatDuration, formatTable } from '../../core/format.ts';
import { commandLine } from '../../core/program-name.ts';
import { resolveEngineKind } from '../../engine/select.ts';
import { answerRows, answerSentence, type DrawResult } from './answer.ts';
import { lockstep, lockstepOutput, say } from './command-line.ts';
import { ensureQuickstartData } from './ensure-data.ts';
import { chooseRun } from './run-choice.ts';

/** The portable engine computes a fifth as fast, so it gets a smaller network and fewer steps. */
const CONFIG =
  resolveEngineKind('auto') === 'compiled' ? 'quickstart.yaml' : 'quickstart-portable.yaml';
const WORKERS = 2;
const DRAWS = [0, 1, 2];
/** Steps of each held-out sequence that are looked at, as many as in two training windows. */
const TEST_CROP = 2048;

/**
 * Writes into `data` and `runs` of the current folder, and goes on where an earlier one stopped.
 * @returns the exit code
 */
export async function quickstart(): Promise<number> {
  const started = performance.now();
  try {
    await ensureQuickstartData();
    const config = relative(
      '',
      fileURLToPath(new URL(`../../../configs/${CONFIG}`, import.meta.url)),
    );
    const run = chooseRun('runs/quickstart');
    say(`\n2. Training ${config} with ${WORKERS} workers in ${run.folder}`);
    const trained = await lockstep(
      run.resume
        ? ['resume', run.folder, '--workers', String(WORKERS)]
        : ['train', config, '--workers', String(WORKERS), '--run', run.folder],
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
  say(`  ${commandLine('evaluate', run, '--phase', 'finetune-0')}  # where it is right and wrong`);
  say(`  ${commandLine('predict', run, '--phase', 'finetune-0', '--out', 'predictions.csv')}`);
  say(`  ${commandLine('data', 'import', 'FOLDER', 'data/mine')}  # the same on your own files`);
}
