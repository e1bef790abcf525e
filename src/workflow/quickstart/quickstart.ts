/** The quickstart's parts: which configuration, which run, and what it says of held-out sequences. */
import { fileURLToPath } from 'node:url';
import { resolveEngineKind } from '../../engine/select.ts';
import type { RunOutcome } from '../../telemetry/run-event.ts';
import { evaluate } from '../predict/evaluate.ts';
import { meritOf } from '../predict/task-report.ts';
import type { RunHooks } from '../train/hooks.ts';
import { resume } from '../train/resume.ts';
import { train } from '../train/train.ts';
import type { DrawResult } from './answer.ts';
import type { RunChoice } from './run-choice.ts';

export const QUICKSTART_WORKERS = 2;
const DRAWS = [0, 1, 2];
/** Timesteps of each held-out sequence that are looked at, as many as in two training windows. */
const TEST_CROP = 2048;

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

/** Held-out accuracy of each draw of labels, pretrained and from scratch. @throws LockstepError */
export async function measureDraws(runFolder: string, hooks: RunHooks): Promise<DrawResult[]> {
  return await Promise.all(
    DRAWS.map(async (draw) => {
      const pretrained = await testAccuracy(runFolder, `finetune-${draw}`, hooks);
      const scratch = await testAccuracy(runFolder, `scratch-${draw}`, hooks);
      return { draw, pretrained, scratch };
    }),
  );
}

async function testAccuracy(runFolder: string, phase: string, hooks: RunHooks): Promise<number> {
  const subset = { split: 'test', crop: TEST_CROP } as const;
  return meritOf(await evaluate({ ...hooks, ...subset, runFolder, phase })).value;
}
