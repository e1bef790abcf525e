/** `npm run answers`: five questions about self-supervised learning, asked on real files by a grid of runs. */
import { fileURLToPath } from 'node:url';
import { resolveEngineKind } from '../src/engine/select.ts';
import { exitCodeOfChild, reportError } from '../src/launch/exit.ts';
import { COMMAND_LINE, startProgram } from '../src/launch/program.ts';
import { ensureQuickstartData } from '../src/workflow/quickstart/ensure-data.ts';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
try {
  await ensureQuickstartData((text) => void process.stdout.write(`${text}\n`));
  const title = '2. The grid of configs/study.yaml, two runs at a time';
  process.stdout.write(`\n${title}; a finished run is never repeated\n`);
  if (resolveEngineKind('auto') === 'portable') {
    process.stdout.write(
      '   It is sized for the TensorFlow engine: the portable one takes about five times as long.\n',
    );
  }
  process.exitCode = await study(process.argv.slice(2));
} catch (thrown) {
  process.exitCode = reportError(thrown);
}

/** `lockstep study`, with this terminal. */
async function study(args: readonly string[]): Promise<number> {
  const child = startProgram(COMMAND_LINE, ['study', '--yes', '--workers', '2', ...args], {
    stdio: 'inherit',
  });
  // Ctrl-C reaches the command line too, which saves and ends; this process waits for it.
  process.on('SIGINT', () => {});
  process.on('SIGTERM', (signal) => child.kill(signal));
  return await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve(exitCodeOfChild(code, signal)));
  });
}
