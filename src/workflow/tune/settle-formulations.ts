/** What a run computes with is settled when it first starts, and written into its folder for good. */
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import type { RunConfig } from '../../config/run-config.ts';
import { LockstepError } from '../../core/errors.ts';
import { errorOfFailure } from '../../core/failure.ts';
import { DEFAULT_FORMULATIONS } from '../../engine/formulations.ts';
import { resolveEngineKind } from '../../engine/select.ts';
import type { Device } from '../../launch/device.ts';
import { startEngineProgram } from '../../launch/engine-process.ts';
import { describeDevice } from './device-name.ts';
import type { TuneLine, TuneRequest } from './tune-worker.ts';

/** With fewer micro-batches a run ends before a faster way has earned the time that finding it takes. */
export const TUNED_FROM_MICRO_BATCHES = 5000;

const WORKER = fileURLToPath(new URL('./tune-worker.ts', import.meta.url));

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
 * @throws LockstepError what the timing failed of
 */
export async function settleFormulations(
  config: RunConfig,
  microBatches: number,
  device: Device,
): Promise<RunConfig> {
  const { engine } = config;
  const isTuned =
    engine.formulations === 'auto' &&
    engine.kind === 'compiled' &&
    microBatches >= TUNED_FROM_MICRO_BATCHES;
  if (!isTuned) return withDefaultFormulations(config);
  return withEngine(config, await tuneInProcess({ config, device }));
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

async function tuneInProcess(request: TuneRequest) {
  const { device, config } = request;
  const place = { device, engine: config.engine, runFolder: '' };
  const child = startEngineProgram(WORKER, [JSON.stringify(request)], place, 'pipe');
  const printed = (await text(child.stdout)).trim();
  if (printed === '') throw endedEarly();
  const line = JSON.parse(printed) as TuneLine;
  if ('failure' in line) throw errorOfFailure(line.failure);
  return line.choice;
}

function endedEarly(): LockstepError {
  return new LockstepError(
    'WORKER_LOST',
    'The process that times the formulations ended before it had chosen any.',
    'Set engine.formulations in the configuration, so that nothing is timed: docs/engine.md has the default.',
  );
}
