/** Which of several equivalent ways to compute is the fastest on this machine. */

import { LockstepError } from '../../core/errors.ts';
import { setupCommand } from '../../core/program-name.ts';
import { type ExtensionOptions, loadExtensions } from '../../extension/load.ts';
import { cpuDevices, gpuDevices } from '../../launch/device.ts';
import { type RunHooks, withGuardedHooks } from '../train/hooks.ts';
import { type ConfigSource, resolveRunConfig } from '../train/resolve-config.ts';
import { readRunFacts } from '../train/run-facts.ts';
import type { Choice } from './choice-cache.ts';
import { tuneInProcess } from './tune-in-process.ts';

export interface TuneOptions extends ConfigSource, ExtensionOptions, RunHooks {
  /** Number of the GPU to time on, as `nvidia-smi` numbers them; the CPU when absent. */
  readonly gpu?: string | undefined;
}

/**
 * Times the formulations of a configuration on this machine and keeps the choice for later runs.
 * @throws LockstepError USAGE for the portable engine, which has nothing to choose; CONFIG_INVALID, DATA_INVALID
 *   and what else keeps such a run from beginning
 * @example
 * const { formulations } = await tune({ config: 'configs/tiny.yaml' });
 */
export async function tune(options: TuneOptions): Promise<Choice> {
  await loadExtensions(options.extensions ?? []);
  const config = resolveRunConfig(options);
  if (config.engine.kind === 'portable') {
    throw new LockstepError(
      'USAGE',
      'The portable engine has one way to compute each operation: there is nothing to choose.',
      `Set up TensorFlow ("${setupCommand()}"), or train without tuning.`,
    );
  }
  const [device] = options.gpu === undefined ? cpuDevices(1) : gpuDevices(options.gpu);
  return await withGuardedHooks(options, async (hooks) => {
    await readRunFacts(config, hooks);
    return await tuneInProcess({ config, device: device!, refresh: true }, hooks);
  });
}
