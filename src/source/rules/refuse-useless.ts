/** Refuses options that would be ignored: who names a label wants one. */
import { LockstepError } from '../../core/errors.ts';
import { type FormatRules, formatRules } from './format-rules.ts';
import { type TableRules, tableRules } from './table-rules.ts';

/** The command line's name of an option: `--timestep-labels`. */
export const optionName = (key: string): string =>
  `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

/**
 * @param what what is read, for the message
 * @param known the options that have a use
 * @throws LockstepError USAGE for another option of a table or format that was changed
 */
export function refuseUseless(
  what: string,
  known: readonly string[],
  rules: Partial<TableRules & FormatRules>,
): void {
  const defaults: Readonly<Record<string, unknown>> = tableRules
    .extend(formatRules.shape)
    .parse({});
  const keys = [...Object.keys(tableRules.shape), ...Object.keys(formatRules.shape)];
  const given = Object.entries(rules).filter(([key, value]) => {
    const isDefault = JSON.stringify(value) === JSON.stringify(defaults[key]);
    return keys.includes(key) && value !== undefined && !isDefault;
  });
  const useless = given.find(([key]) => !known.includes(key));
  if (useless === undefined) return;
  const useful = keys.filter((key) => known.includes(key)).map(optionName);
  throw new LockstepError(
    'USAGE',
    `${optionName(useless[0])} means nothing to ${what}.`,
    useful.length === 0 ? 'Leave it out.' : `Leave it out; there are ${useful.join(', ')}.`,
  );
}
