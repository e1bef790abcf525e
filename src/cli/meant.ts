/** Looks into files to say what a command line was meant to be; loaded only when one is wrong. */
import { existsSync } from 'node:fs';
import { parse } from 'yaml';
import { completeOnes } from '../config/known-configs.ts';
import { nearOverrides, readConfigFile } from '../config/load.ts';
import { runConfigSchema } from '../run/config.ts';
import { knownRuns } from '../run/known-runs.ts';

/** What could be given for the arguments of a command: configurations or runs that there are. */
export function choicesOf(command: string): string {
  if (command.includes('<config>')) return ` ${completeOnes()}`;
  if (!command.includes('<run>')) return '';
  const runs = knownRuns();
  return runs.length === 0
    ? ' There is no run in runs/ yet: "train" makes one.'
    : ` Runs here: ${runs.join(', ')}.`;
}

/**
 * The `--set` options that an unknown option was meant to be; undefined when no value has a name like it.
 * @param value as it was given
 * @param config path of the configuration that it is about, if the command line names one
 */
export function overridesMeant(
  name: string,
  value: string | undefined,
  config: string | undefined,
): string | undefined {
  if (config === undefined || !existsSync(config)) return undefined;
  const wanted = value === undefined ? 0 : plain(value);
  const paths = nearOverrides(runConfigSchema(), readConfigFile(config), name, wanted);
  if (paths.length === 0) return undefined;
  const options = paths.map((path) => `--set ${path}=${value ?? '…'}`);
  return `Did you mean ${options.join(' or ')}?`;
}

/** As `--set` reads it. */
function plain(text: string): unknown {
  try {
    return parse(text);
  } catch {
    return text;
  }
}
