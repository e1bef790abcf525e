/**
 * The program that chooses formulations at a run's first start. Its argument is a request as JSON. It prints one line
 * of JSON: the choice, or what went wrong. It ends early when its standard input ends, since then nobody waits.
 */

import type { RunConfig } from '../../config/run-config.ts';
import { asLockstepError } from '../../core/errors.ts';
import { type Failure, failureOfError } from '../../core/failure.ts';
import { loadReferences } from '../../extension/load.ts';
import type { ExtensionReference } from '../../extension/loaded.ts';
import type { Device } from '../../launch/device.ts';
import { guardOutputs } from '../../launch/outputs.ts';
import type { Choice } from './choice-cache.ts';
import { tuneRun } from './tune-run.ts';

/** What to choose for. */
export interface TuneRequest {
  readonly config: RunConfig;
  readonly device: Device;
  /** Times them even if they were timed here before. */
  readonly refresh: boolean;
  readonly extensions: readonly ExtensionReference[];
}

/** The line that the program prints. */
export type TuneLine = { readonly choice: Choice } | { readonly failure: Failure };

guardOutputs();
process.stdin.on('end', () => process.exit(1)).resume();

async function tune(): Promise<TuneLine> {
  const { config, device, refresh, extensions } = JSON.parse(process.argv[2]!) as TuneRequest;
  const say = (sentence: string) => process.stderr.write(`${sentence}\n`);
  try {
    await loadReferences(extensions);
    return { choice: await tuneRun(config, { device, refresh, say }) };
  } catch (thrown) {
    return { failure: failureOfError(asLockstepError(thrown)) };
  }
}

process.stdout.write(`${JSON.stringify(await tune())}\n`, () => process.exit(0));
