/** The quickstart's parts: which configuration, which run, and what it says of held-out sequences. */
import { fileURLToPath } from 'node:url';
import { baselines } from '../../baseline/baselines.ts';
import { resolveEngineKind } from '../../engine/select.ts';
import type { RunOutcome } from '../../telemetry/run-event.ts';
import { evaluate } from '../predict/evaluate.ts';
import { meritOf } from '../predict/task-report.ts';
import type { RunHooks } from '../train/hooks.ts';
import { resume } from '../train/resume.ts';
import { train } from '../train/train.ts';
import type { QuickstartResult } from './answer.ts';
import type { RunChoice } from './run-choice.ts';

export const QUICKSTART_WORKERS = 2;
const DRAWS = [0, 1, 2];
/** As in the quickstart's configurations. */
const DATA = { store: 'data/quickstart', seed: 1, labels: [5] };

/** Path of its configuration. The portable engine computes a fifth as fast: its network is smaller, its steps fewer. */
export function quickstartConfig(): string {
  const isCompiled = resolveEngineKind('auto') === 'compiled';
  const name = isCompiled ? 'quickstart.yaml' : 'quickstart-portable.yaml';
  return fileURLToPath(new URL(`../../../configs/${name}`, import.meta.url));
}

/** Trains it, or goes on where an earlier one stopped. @throws LockstepError */
export async function trainQuickstart(
  { folder: runFolder, resume: goesOn }: RunChoice,
  hooks: RunHooks,
): Promise<RunOutcome> {
  const options = { ...hooks, runFolder, workers: QUICKSTART_WORKERS };
  return await (goesOn ? resume(options) : train({ ...options, config: quickstartConfig() }));
}

/**
 * Held-out accuracy of each draw of labels: pretrained, from scratch, and of the baseline that is best on validation
 * data. All read the whole sequences.
 * @throws LockstepError
 */
export async function measureDraws(runFolder: string, hooks: RunHooks): Promise<QuickstartResult> {
  const networks = await Promise.all(
    DRAWS.map(async (draw) => {
      const pretrained = await testAccuracy(runFolder, `finetune-${draw}`, hooks);
      const scratch = await testAccuracy(runFolder, `scratch-${draw}`, hooks);
      return { draw, pretrained, scratch };
    }),
  );
  const report = await baselines({ ...DATA, draws: DRAWS.length });
  // The quickstart's dataset has labelled validation sequences, so one is the best.
  const best = report.labelCounts[0]!.best!;
  const { draws } = report.baselines.find(({ name }) => name === best)!.cells[0]!;
  const results = networks.map((one) => ({ ...one, baseline: draws[one.draw]!.test }));
  return { baseline: best, draws: results };
}

async function testAccuracy(runFolder: string, phase: string, hooks: RunHooks): Promise<number> {
  return meritOf(await evaluate({ ...hooks, split: 'test', runFolder, phase })).value;
}
