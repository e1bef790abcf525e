/** From what a caller gives as configuration to a complete one that means the same wherever it is read. */
import { resolve } from 'node:path';
import type { RunConfig, RunConfigInput } from '../../config/run-config.ts';
import { LockstepError } from '../../core/errors.ts';
import { resolveEngineKind } from '../../engine/select.ts';
import type { Device } from '../../launch/device.ts';
import { checkRunConfig, loadRunConfig } from '../../run/config.ts';

export interface ConfigSource {
  /** Path of a YAML file, or a configuration. */
  readonly config: string | RunConfigInput;
  /** Changes to the file, as `--set` takes them: `['seed=7', 'phases.pretrain.duration.steps=3']`. */
  readonly set?: readonly string[] | undefined;
}

/**
 * The configuration without what depends on where it is read: current folder, engine that is set up.
 * @throws LockstepError CONFIG_NOT_FOUND, CONFIG_INVALID
 */
export function resolveRunConfig({ config: given, set = [] }: ConfigSource): RunConfig {
  const config = typeof given === 'string' ? loadRunConfig(given, set) : checkRunConfig(given);
  const { initialWeights } = config.model;
  return {
    ...config,
    data: { ...config.data, store: resolve(config.data.store) },
    model: { ...config.model, ...(initialWeights && { initialWeights: resolve(initialWeights) }) },
    engine: { ...config.engine, kind: resolveEngineKind(config.engine.kind) },
  };
}

/** @throws LockstepError CONFIG_INVALID when a run on CPUs wants what only GPUs have */
export function refuseTf32OnCpu({ engine }: RunConfig, devices: readonly Device[]): void {
  if (!engine.tf32 || devices.every(({ kind }) => kind === 'gpu')) return;
  throw new LockstepError(
    'CONFIG_INVALID',
    'engine.tf32 is true, but the workers run on CPUs: TF32 is a format of NVIDIA GPUs, from Ampere on.',
    'Name GPUs with --gpus, or leave engine.tf32 out.',
  );
}
