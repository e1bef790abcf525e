import { isDeepStrictEqual } from 'node:util';
import { stringify } from 'yaml';
import { parseConfig, readConfigFile } from '../../config/load.ts';
import { LockstepError } from '../../core/errors.ts';
import { type AnswersConfig, answersConfig } from './answers-config.ts';

/**
 * Reads the configuration of a grid of answers.
 * @throws LockstepError CONFIG_NOT_FOUND, CONFIG_INVALID
 */
export function loadAnswersConfig(path: string, overrides: readonly string[] = []): AnswersConfig {
  return parseConfig(answersConfig, readConfigFile(path), path, overrides);
}

/** With every default filled in, as YAML that `loadAnswersConfig` reads back. */
export function answersConfigToYaml(config: AnswersConfig): string {
  return stringify(config, { lineWidth: 100, aliasDuplicateObjects: false });
}

/** @throws LockstepError USAGE when a grid that was begun with `known` is to go on as `wanted` */
export function refuseOtherGrid(known: AnswersConfig, wanted: AnswersConfig, path: string): void {
  if (isDeepStrictEqual(known, wanted)) return;
  const keys = Object.keys(wanted) as (keyof AnswersConfig)[];
  const other = keys.filter((key) => !isDeepStrictEqual(known[key], wanted[key]));
  throw new LockstepError(
    'USAGE',
    `"${path}" holds the answers of another configuration: ${other.join(', ')} ${other.length === 1 ? 'differs' : 'differ'}.`,
    'Choose another --out, or remove that folder.',
  );
}
