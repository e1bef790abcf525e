/** `--extension`, beside what `lockstep.config.ts` of the current folder names. */
import { resolve } from 'node:path';
import type { Argv } from 'yargs';
import { configuredExtensions } from '../extension/config-file.ts';
import { loadExtensions } from '../extension/load.ts';
import { guardLoading } from '../extension/loading-guard.ts';

export interface ExtensionOption {
  extension: string[];
}

export function extensionOption<T>(yargs: Argv<T>): Argv<T & ExtensionOption> {
  return yargs.option('extension', {
    type: 'string',
    array: true,
    nargs: 1,
    default: [] as string[],
    describe:
      'A module of your own with a model, an objective or an importer: --extension ./mine.ts',
  }) as Argv<T & ExtensionOption>;
}

/**
 * Loads them before a command handles signals or takes anything: one that never returns can be stopped.
 * @returns absolute paths, as the functions behind the commands take them
 * @throws LockstepError EXTENSION_INVALID
 */
export async function loadExtensionsGiven({ extension }: ExtensionOption): Promise<string[]> {
  const configured = await configuredExtensions('.', guardLoading);
  const paths = [...configured, ...extension.map((path) => resolve(path))];
  await loadExtensions(paths, guardLoading);
  return paths;
}
