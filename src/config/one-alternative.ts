/** `--set` of one alternative replaces the other: `duration.steps` drops `epochs`, a new `kind` the old one's options. */
import type { Override } from './override.ts';
import { branchesOf, fittingBranches, type JsonSchema, schemaAt, valueAt } from './schema-words.ts';

/**
 * Drops, in place, the keys of sections around what was set that belong to other alternatives only.
 * @param earlier overrides whose keys stay, so that two that contradict each other are refused
 */
export function dropOtherAlternatives(
  root: JsonSchema,
  value: unknown,
  { path }: Override,
  earlier: readonly Override[],
): void {
  const isWanted = (keys: readonly PropertyKey[]) =>
    earlier.some((override) => override.path.join('.') === keys.join('.'));
  path.forEach((key, depth) => {
    const around = path.slice(0, depth);
    const section = valueAt(value, around);
    const schema = schemaAt(root, value, around);
    if (schema === undefined || typeof section !== 'object' || section === null) return;
    for (const other of otherKeys(schema, section, String(key))) {
      if (!isWanted([...around, other])) Reflect.deleteProperty(section, other);
    }
  });
}

/** Keys of a section that no alternative with `key` knows, but another one does. */
function otherKeys(schema: JsonSchema, section: object, key: string): string[] {
  const branches = branchesOf(schema);
  const fitting = fittingBranches(schema, section).filter((branch) => knows(branch, key));
  if (branches.length === 1 || fitting.length === 0) return [];
  return Object.keys(section).filter(
    (name) =>
      !fitting.some((branch) => knows(branch, name)) &&
      branches.some((branch) => knows(branch, name)),
  );
}

const knows = ({ properties }: JsonSchema, key: string): boolean => properties?.[key] !== undefined;
