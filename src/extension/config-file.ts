/** `lockstep.config.ts` of the current folder: extensions that need no option on each command. */
import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { z } from 'zod';
import { LockstepError } from '../core/errors.ts';
import { foreignAuthor } from '../core/own-files.ts';
import type { LoadingGuard } from './loading-guard.ts';

const NAMES = [
  'lockstep.config.ts',
  'lockstep.config.mts',
  'lockstep.config.js',
  'lockstep.config.mjs',
];

const schema = z.strictObject({
  /** Paths of modules, relative to the file. */
  extensions: z.array(z.string().min(1)).default([]),
});

/** What `lockstep.config.ts` exports. */
export type LockstepConfig = z.input<typeof schema>;

/**
 * Types what `lockstep.config.ts` exports.
 * @example
 * export default defineConfig({ extensions: ['./my-model.ts'] });
 */
export function defineConfig(config: LockstepConfig): LockstepConfig {
  return config;
}

/**
 * Executes the configuration file of a folder, if it has one.
 * @returns absolute paths of the extensions that it names
 * @throws LockstepError EXTENSION_INVALID for a file that can't be executed or exports something else, or that another
 *   user may have put there
 */
export async function configuredExtensions(
  folder: string,
  guard?: LoadingGuard,
): Promise<string[]> {
  const path = NAMES.map((name) => resolve(folder, name)).find((name) => existsSync(name));
  if (path === undefined) return [];
  refuseForeign(path);
  // What most commands never need.
  const { executeModule } = await import('./execute-module.ts');
  const { readSourceGraph } = await import('./source-graph.ts');
  const exports = (await executeModule(await readSourceGraph(path), guard)) as {
    readonly default?: unknown;
  };
  const parsed = schema.safeParse(exports.default);
  if (parsed.success) {
    return parsed.data.extensions.map((extension) => resolve(dirname(path), extension));
  }
  const { path: where, message } = parsed.error.issues[0]!;
  throw new LockstepError(
    'EXTENSION_INVALID',
    `${path} exports no usable configuration: ${['default', ...where].join('.')}: ${message}.`,
    "Write `export default defineConfig({ extensions: ['./my-model.ts'] });`.",
  );
}

/** In a folder such as /tmp, everybody can leave one for whoever types a command there. */
function refuseForeign(path: string): void {
  const whose = foreignAuthor(path);
  if (whose === undefined) return;
  throw new LockstepError(
    'EXTENSION_INVALID',
    `${path} is not executed: ${whose}.`,
    'Run the command in another folder; or read that file, and make it your own by chown or chmod.',
  );
}
