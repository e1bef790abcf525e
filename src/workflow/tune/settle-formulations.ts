/** Chooses a run's formulations at its first start; its folder then keeps them. */
import type { RunConfig } from '../../config/run-config.ts';
import { DEFAULT_FORMULATIONS } from '../../engine/formulations.ts';
import { resolveEngineKind } from '../../engine/select.ts';
import type { Device } from '../../launch/device.ts';
import type { GuardedHooks } from '../train/hooks.ts';
import { describeDevice } from './device-name.ts';
import { tuneInProcess } from './tune-in-process.ts';

/** A run of fewer micro-batches ends before a faster choice pays for the timing. */
export const TUNED_FROM_MICRO_BATCHES = 5000;

/** The configuration with the default formulations; times nothing. */
export function withDefaultFormulations(config: RunConfig): RunConfig {
  const { engine } = config;
  const isChosen = engine.formulations !== 'auto' || resolveEngineKind(engine.kind) === 'portable';
  return isChosen ? config : withEngine(config, { formulations: DEFAULT_FORMULATIONS });
}

/**
 * The configuration with its formulations chosen: its own; or the fastest on the device, if the compiled engine runs
 * long enough; or the default.
 * @param microBatches number in the whole run
 * @throws LockstepError if the timing fails; INTERRUPTED, TERMINATED
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

/** A warning if a run continues on another device than the one for which it chose; undefined otherwise. */
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
