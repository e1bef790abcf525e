import { relative } from 'node:path';
import { EXIT } from '../../core/errors.ts';
import { formatCount, formatDuration, formatTable } from '../../core/format.ts';
import { commandLine } from '../../core/program-name.ts';
import type { ImportProgress } from '../../importer/build/build-options.ts';
import {
  answerRows,
  answerSentence,
  type QuickstartResult,
} from '../../workflow/quickstart/answer.ts';
import { ensureQuickstartData } from '../../workflow/quickstart/ensure-data.ts';
import {
  measureDraws,
  QUICKSTART_WORKERS,
  quickstartConfig,
  trainQuickstart,
} from '../../workflow/quickstart/quickstart.ts';
import { chooseRun } from '../../workflow/quickstart/run-choice.ts';
import type { Command } from '../command.ts';
import { showNotice, showRun } from '../show-run.ts';
import { withSignals } from '../with-signals.ts';

/** Writes into `data` and `runs` of the current folder, and goes on where an earlier one stopped. */
export const quickstartCommand: Command<object> = {
  builder: (yargs) => yargs,
  handler: async () => {
    const started = performance.now();
    await ensureQuickstartData(say, showProgress);
    if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
    const run = chooseRun('runs/quickstart');
    const config = relative('', quickstartConfig());
    say(`\n2. Training ${config} with ${QUICKSTART_WORKERS} workers in ${run.folder}`);
    process.exitCode = await showRun(
      (hooks) => trainQuickstart(run, hooks),
      () => undefined,
    );
    if (process.exitCode !== EXIT.done) return;
    say('\n3. Held-out accuracy: the test split, read once');
    const results = await withSignals((stop) =>
      measureDraws(run.folder, { ...stop, onEvent: showNotice }),
    );
    showAnswer(run.folder, results, (performance.now() - started) / 1000);
  },
};

function showAnswer(run: string, results: QuickstartResult, seconds: number): void {
  say(`\n${formatTable(answerRows(results))}\n`);
  say(answerSentence(results));
  say(`\nThe run is in ${run} (${formatDuration(seconds)} in all). Next:`);
  say(`  ${commandLine('evaluate', run, '--phase', 'finetune-0')}  # where it is right and wrong`);
  say(`  ${commandLine('predict', run, '--phase', 'finetune-0', '--out', 'predictions.csv')}`);
  say(`  ${commandLine('data', 'import', 'FOLDER', 'data/mine')}  # the same on your own files`);
}

function showProgress({ stage, done }: ImportProgress): void {
  if (process.stderr.isTTY) process.stderr.write(`\r   ${stage} ${formatCount(done)} files `);
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
