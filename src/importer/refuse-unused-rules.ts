import { LockstepError } from '../core/errors.ts';
import type { ImporterDefinition } from '../source/define-importer.ts';
import { importers } from './registry.ts';
import { DEFAULT_RULES, rulesOf, type SourceRules } from './source-rules.ts';

/**
 * Refuses options that mean nothing to the importer: whoever gives one expects that it does something.
 * @throws LockstepError USAGE, which names the option and the importers that have it
 */
export function refuseUnusedRules(importer: ImporterDefinition, rules: SourceRules): void {
  const shape = importers.isBuiltIn(importer) ? importer.options.shape : {};
  const given = Object.entries(rulesOf(rules)).find(
    ([rule, value]) => !Object.hasOwn(shape, rule) && !isDefault(rule as keyof SourceRules, value),
  );
  if (given === undefined) return;
  const [rule] = given;
  const option = rule.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  const others = importers.kinds().filter((kind) => {
    const other = importers.named(kind);
    return importers.isBuiltIn(other) && Object.hasOwn(other.options.shape, rule);
  });
  throw new LockstepError(
    'USAGE',
    `--${option} means nothing to the importer "${importer.kind}"; it is for ${others.join(', ')}.`,
    importers.isBuiltIn(importer)
      ? 'Leave it out.'
      : 'Give options of an importer of your own as --option key=value.',
  );
}

const isDefault = (rule: keyof SourceRules, value: unknown): boolean =>
  value === undefined || JSON.stringify(value) === JSON.stringify(DEFAULT_RULES[rule]);
