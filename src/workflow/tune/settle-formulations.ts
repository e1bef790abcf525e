/** What a run computes with is settled when it first starts, and written into its folder for good. */
import type { RunConfig } from '../../config/run-config.ts';
import { DEFAULT_FORMULATIONS } from '../../engine/formulations.ts';
import { resolveEngineKind } from '../../engine/select.ts';
import type { Device } from '../../launch/device.ts';
import type { GuardedHooks } from '../train/hooks.ts';
import { describeDevice } from './device-name.ts';
import { tuneInProcess } from './tune-in-process.ts';

/** With fewer micro-batches a run ends before a faster way has earned the time that finding it takes. */
export const TUNED_FROM_MICRO_BATCHES = 5000;

/** Without timing anything. */
export function withDefaultFormulations(config: RunConfig): RunConfig {
  const { engine } = config;
  const isChosen = engine.formulations !== 'auto' || resolveEngineKind(engine.kind) === 'portable';
  return isChosen ? config : withEngine(config, { formulations: DEFAULT_FORMULATIONS });
}

/**
 * The configuration of a run that starts, with its formulations chosen: its own, those that are fastest on
 * the device where the compiled engine will run for long, else the default.
 * @param microBatches of the whole run
 * @throws LockstepError what the timing failed of; INTERRUPTED, TERMINATED
 */
export async function settleFormulations(
  config: RunConfig,
  microBatches: number,
  device: Device,
  hooks: GuardedHooks,
): Promise<RunConfig> {
  const { engine } = config;
  const isTuned =
    engine.formulations === 'auto' &&
    engine.kind === 'compiled' &&
    microBatches >= TUNED_FROM_MICRO_BATCHES;
  if (!isTuned) return withDefaultFormulations(config);
  return withEngine(config, await tuneInProcess({ config, device, refresh: false }, hooks));
}

/** What is said when a run goes on elsewhere than where its formulations were chosen. */
export function movedSentence({ engine }: RunConfig, device: Device): string | undefined {
  const { tuned } = engine;
  if (tuned === undefined) return undefined;
  const here = describeDevice(device);
  if (here === tuned.device) return undefined;
  return `The formulations of this run were timed on ${tuned.device}; it keeps them on ${here}, where others may be faster.`;
}

function withEngine(config: RunConfig, changes: Partial<RunConfig['engine']>): RunConfig {
  return { ...config, engine: { ...config.engine, ...changes } };
}
