/** Finds a peak learning rate for a phase by a short range test. */
import { join } from 'node:path';
import type { LearningRateConfig } from '../../../config/phase-section.ts';
import { LockstepError } from '../../../core/errors.ts';
import { makeTemporaryFolder, removeTemporaryFolder } from '../../../core/temporary-folder.ts';
import { type ExtensionOptions, loadExtensions } from '../../../extension/load.ts';
import type { DeviceOptions } from '../../placement.ts';
import { type RunHooks, withGuardedHooks } from '../../train/hooks.ts';
import { type ConfigSource, resolveRunConfig } from '../../train/resolve-config.ts';
import { readRunFacts } from '../../train/run-facts.ts';
import { throwIfStopped } from '../../train/stop-requests.ts';
import { train } from '../../train/train.ts';
import { chooseRate, RateRecorder, type TriedRate } from './choose-rate.ts';
import { makeRateTest, withPeak } from './rate-trials.ts';

/** Options of `tuneLearningRate`. */
export interface TuneLearningRateOptions
  extends ConfigSource,
    DeviceOptions,
    ExtensionOptions,
    RunHooks {
  /** Name of the phase. */
  readonly phase: string;
}

/** What a range test found. */
export interface LearningRateChoice {
  readonly phase: string;
  /** What the rates are judged by. */
  readonly metric: string;
  /** The phase's own peak, or its value where it is constant. */
  readonly configured: number;
  /** The one to take: the configured one, unless another is clearly better. */
  readonly chosen: number;
  /** The phase's schedule with it. */
  readonly learningRate: LearningRateConfig;
  /** Of each trial. */
  readonly steps: number;
  /** By ascending rate. */
  readonly tried: readonly TriedRate[];
}

/**
 * Trains a phase for up to 100 steps with each of seven learning rates, from a thirtieth of its own to thirty times that,
 * and names the best by the phase's metric on the evaluation's data, as `evaluation.keep` would. The same on any number of workers. A phase that
 * starts from another one's weights waits until that is trained. Leaves nothing behind, and changes no configuration.
 * @throws LockstepError USAGE for an unknown phase, NON_FINITE when every rate diverged, and what keeps such a run from
 *   beginning; INTERRUPTED, TERMINATED
 * @example
 * const { chosen } = await tuneLearningRate({ config: 'configs/tiny.yaml', phase: 'pretrain' });
 */
export async function tuneLearningRate(
  options: TuneLearningRateOptions,
): Promise<LearningRateChoice> {
  await loadExtensions(options.extensions ?? []);
  const config = resolveRunConfig(options);
  const { phase, workers, gpus } = options;
  return await withGuardedHooks(options, async (hooks) => {
    const { phaseSteps, headlines } = await readRunFacts(config, hooks);
    const test = makeRateTest(config, phase, phaseSteps);
    const recorder = new RateRecorder(test.trials);
    const folder = makeTemporaryFolder('rates');
    try {
      const onEvent = (event: Parameters<typeof hooks.onEvent>[0]) => {
        recorder.note(event);
        hooks.onEvent(event);
      };
      const runFolder = join(folder, 'run');
      const run = { ...hooks, config: test.config, runFolder, workers, gpus, onEvent };
      const { status, reason } = await train(run);
      throwIfStopped(hooks, 'the range test was done');
      if (status !== 'completed') throw endedEarly(reason);
    } finally {
      removeTemporaryFolder(folder);
    }
    const headline = headlines[config.phases.findIndex(({ name }) => name === phase)]!;
    const tried = recorder.tried();
    const chosen = chooseRate(tried, test.configured, headline);
    if (chosen === undefined) throw allDiverged(phase);
    const { learningRate } = config.phases.find(({ name }) => name === phase)!;
    const { configured, steps } = test;
    const found = { configured, chosen, learningRate: withPeak(learningRate, chosen) };
    return { phase, metric: headline.metric, ...found, steps, tried };
  });
}

function endedEarly(reason: string): LockstepError {
  return new LockstepError(
    'WORKER_LOST',
    `The range test ended early: ${reason}`,
    'Run the command again, with fewer workers if memory is short.',
  );
}

function allDiverged(phase: string): LockstepError {
  return new LockstepError(
    'NON_FINITE',
    `Phase "${phase}" learned nothing at any of the learning rates that were tried.`,
    `Set a rate that is a hundredth of its own and try again: --set phases.${phase}.learningRate.peak=1e-5.`,
  );
}
