/** The choice of formulations for a run: an earlier one on this machine, or one by timing. */

import type { RunConfig } from '../../config/run-config.ts';
import { cacheFolder } from '../../core/own-files.ts';
import { LOCKSTEP_VERSION } from '../../core/version.ts';
import { openStore } from '../../data/format/open-store.ts';
import { describeFormulations } from '../../engine/formulations.ts';
import { createEngine } from '../../engine/select.ts';
import type { Device } from '../../launch/device.ts';
import { defineRun } from '../../run/definition.ts';
import { type Choice, ChoiceCache } from './choice-cache.ts';
import { chooseFormulations, type TimedFormulations } from './choose-formulations.ts';
import { describeDevice } from './device-name.ts';
import { measureFormulations } from './measure-formulations.ts';
import { tuneKeyOf } from './tune-key.ts';
import { type TunedBatch, tunedBatches } from './tuned-batches.ts';

/** How to choose. */
export interface TuneOptions {
  /** The device that this process sees. */
  readonly device: Device;
  /** Whether to time again what this machine has timed before. */
  readonly refresh: boolean;
  /** Gets one sentence for each thing that happens. */
  readonly say: (sentence: string) => void;
}

/** Chooses. The process must have the engine's environment. */
export async function tuneRun(
  config: RunConfig,
  { device, refresh, say }: TuneOptions,
): Promise<Choice> {
  const store = await openStore(config.data.store);
  try {
    const run = defineRun(config, store);
    const batches = tunedBatches(run);
    const { fingerprint } = await createEngine(config.engine);
    const deviceName = describeDevice(device);
    const here = { device: deviceName, lockstep: LOCKSTEP_VERSION, engine: fingerprint };
    const key = tuneKeyOf(config, batches, here);
    const cache = new ChoiceCache(cacheFolder(process.env), say);
    const known = refresh ? undefined : cache.find(key);
    if (known !== undefined) return known;
    const timed = await measureFormulations(config, run, store, batches, (what) =>
      say(`Timing on ${deviceName}: ${what}`),
    );
    const choice = choiceOf(deviceName, batches, timed);
    if (!refresh) return cache.add(key, choice);
    cache.replace(key, choice);
    return choice;
  } finally {
    await store.close();
  }
}

function choiceOf(
  device: string,
  batches: readonly TunedBatch[],
  timed: readonly TimedFormulations[],
): Choice {
  const rounded = (milliseconds: number) => Math.round(100 * milliseconds) / 100;
  return {
    formulations: chooseFormulations(timed),
    tuned: {
      device,
      microBatches: batches.map(({ rows, paddedLength }) => `${rows} × ${paddedLength}`),
      milliseconds: Object.fromEntries(
        timed.map(({ formulations, milliseconds: { lower, median, upper } }) => [
          describeFormulations(formulations),
          [lower, median, upper].map(rounded),
        ]),
      ),
    },
  };
}
