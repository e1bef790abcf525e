/** Reads runs' configurations with what is registered in this process. */
import { checkConfig, parseConfig, readConfigFile } from '../config/load.ts';
import { type RunConfig, runConfig } from '../config/run-config.ts';
import { registry } from '../nn/registry.ts';

/** The schema of a run's configuration. */
export const runConfigSchema = () => runConfig(registry.choices());

/**
 * Reads a run's configuration.
 * @param overrides `--set` options: "a.b=c"
 * @throws LockstepError CONFIG_NOT_FOUND, CONFIG_INVALID
 */
export function loadRunConfig(path: string, overrides: readonly string[] = []): RunConfig {
  return parseRunConfig(readConfigFile(path), path, overrides);
}

/** `loadRunConfig` of a text; `source` is what errors call it. */
export function parseRunConfig(
  text: string,
  source: string,
  overrides: readonly string[] = [],
): RunConfig {
  return parseConfig(runConfigSchema(), text, source, overrides);
}

/**
 * A run's configuration that is given as a value, with its defaults filled in.
 * @throws LockstepError CONFIG_INVALID
 */
export function checkRunConfig(value: unknown): RunConfig {
  return checkConfig(runConfigSchema(), value);
}
