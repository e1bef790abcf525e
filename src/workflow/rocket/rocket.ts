/** Fits a rocket to a dataset: random convolutions and a linear head, in closed form. */
import { basename, join } from 'node:path';
import { stringify } from 'yaml';
import { parseConfig } from '../../config/load.ts';
import { rocketConfig } from '../../config/rocket-config.ts';
import { openStore } from '../../data/format/open-store.ts';
import { claimRunFolder, lockForGood } from '../../run/folder.ts';
import { writeRocketRun } from '../../run/rocket/rocket-run.ts';
import type { Notice } from '../../telemetry/run-event.ts';
import { type StopRequests, throwIfStopped } from '../train/stop-requests.ts';
import { fitRocket, type RocketFacts } from './fit-rocket.ts';

/** Options of `rocket`. */
export interface RocketOptions extends StopRequests {
  /** Folder of the dataset. */
  readonly data: string;
  /** Folder of the run. @default runs/rocket-<dataset> */
  readonly runFolder?: string | undefined;
  /** Changes to the configuration: `['seed=3', 'data.labelsPerClass=5']`. */
  readonly set?: readonly string[] | undefined;
  /** Called with what a person should know. */
  readonly onEvent?: ((event: Notice) => void) | undefined;
}

/** A fitted rocket. */
export interface RocketOutcome extends RocketFacts {
  readonly runFolder: string;
  /** SHA-256 of the weights. */
  readonly stateHash: string;
}

/**
 * Fits MultiRocket, or MiniRocket where that would take long, to the training split of a dataset: features of random
 * convolutions, and ridge regressions or a logistic regression whose penalty is chosen on held-out rows. Needs no engine. `evaluate` and `predict` take its run like any other.
 * @throws LockstepError what is wrong with options or data; RUN_EXISTS; INTERRUPTED, TERMINATED
 * @example
 * const { runFolder, heldOut } = await rocket({ data: 'data/mine' });
 * console.log(runFolder, heldOut.metric, heldOut.value);
 */
export async function rocket(options: RocketOptions): Promise<RocketOutcome> {
  const { data, set = [], onEvent = () => {} } = options;
  const { runFolder = join('runs', `rocket-${basename(data)}`) } = options;
  const text = stringify({ name: basename(runFolder), data: { store: data } });
  const config = parseConfig(rocketConfig, text, 'rocket', set);
  // Found out now, not after the fit.
  const claim = claimRunFolder(runFolder, lockForGood);
  try {
    const store = await openStore(config.data.store);
    try {
      const fitted = await fitRocket(config, store, options, onEvent);
      throwIfStopped(options, 'the rocket was fitted');
      const { model, kept, chosen } = fitted;
      const resolved = { ...config, model: chosen };
      const stateHash = await writeRocketRun(runFolder, { config: resolved, model, kept });
      return { runFolder, stateHash, ...fitted.facts };
    } finally {
      await store.close();
    }
  } finally {
    claim.abandon();
  }
}
