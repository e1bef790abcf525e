import { isDeepStrictEqual } from 'node:util';
import { stringify } from 'yaml';
import { parseConfig, readConfigFile } from '../config/load.ts';
import { LockstepError } from '../core/errors.ts';
import { type StudyConfig, studyConfig } from './study-config.ts';

/**
 * Reads the configuration of a study.
 * @throws LockstepError CONFIG_NOT_FOUND, CONFIG_INVALID
 */
export function loadStudyConfig(path: string, overrides: readonly string[] = []): StudyConfig {
  return parseConfig(studyConfig(), readConfigFile(path, 'study'), path, overrides);
}

/** The configuration with every default filled in, as YAML that `loadStudyConfig` reads back. */
export function studyConfigToYaml(config: StudyConfig): string {
  return stringify(config, { lineWidth: 100, aliasDuplicateObjects: false });
}

/** @throws LockstepError USAGE if a study that began with `known` should continue as a different grid */
export function refuseOtherGrid(known: StudyConfig, wanted: StudyConfig, path: string): void {
  if (isDeepStrictEqual(known, wanted)) return;
  const keys = Object.keys(wanted) as (keyof StudyConfig)[];
  const other = keys.filter((key) => !isDeepStrictEqual(known[key], wanted[key]));
  throw new LockstepError(
    'USAGE',
    `"${path}" holds the study of another configuration: ${other.join(', ')} ${other.length === 1 ? 'differs' : 'differ'}.`,
    'Choose another --out, or remove that folder.',
  );
}
