/** `npm run answers`: five questions about self-supervised learning, asked on real files by a grid of runs. */
import { fileURLToPath } from 'node:url';
import { asLockstepError } from '../src/core/errors.ts';
import { resolveEngineKind } from '../src/engine/select.ts';
import { lockstep, say } from '../src/workflow/quickstart/command-line.ts';
import { ensureQuickstartData } from '../src/workflow/quickstart/ensure-data.ts';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
try {
  await ensureQuickstartData();
  say('\n2. The grid of configs/study.yaml, two runs at a time; a finished run is never repeated');
  if (resolveEngineKind('auto') === 'portable') {
    say(
      '   It is sized for the TensorFlow engine: the portable one takes about five times as long.',
    );
  }
  process.exitCode = await lockstep(['study', '--workers', '2', ...process.argv.slice(2)]);
} catch (thrown) {
  const error = asLockstepError(thrown);
  process.stderr.write(`${error.toLine()}\n`);
  process.exitCode = error.exitCode;
}
