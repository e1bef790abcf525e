/** Finds which values of a configuration a short name may mean. */
import { nearestName } from '../core/nearest-name.ts';
import { fittingBranches, type JsonSchema, valueAt } from './schema-words.ts';

interface Leaf {
  /** As `--set` takes it: entries of a list go by their name. */
  readonly path: readonly string[];
  readonly schema: JsonSchema;
  /** Whether its section needs it. */
  readonly isRequired: boolean;
}

/** More would be no answer. */
const MOST = 3;
/** What other tools call a section of ours. */
const OTHER_NAMES: Readonly<Record<string, string>> = { batchsize: 'batch', learningrate: 'lr' };

/**
 * Paths of at most three values that `name` may mean: "lr" is `phases.pretrain.learningRate.peak`.
 * @param name a key, or the end of a path; other keys in it narrow the search
 * @param wanted the value that it shall have
 */
export function nearPaths(
  root: JsonSchema,
  value: unknown,
  name: string,
  wanted: unknown,
): string[] {
  const keys = name.split('.');
  const key = keys.at(-1)!;
  const fitting = leavesOf(root, value).filter(({ schema }) => takes(schema, wanted));
  if (fitting.some(({ path }) => path.join('.') === name)) return [name];
  const found = bySameKey(fitting, key) ?? bySection(fitting, key) ?? byNearKey(fitting, key) ?? [];
  const inside = found.filter(({ path }) => keys.slice(0, -1).every((part) => path.includes(part)));
  return (inside.length > 0 ? inside : found).slice(0, MOST).map(({ path }) => path.join('.'));
}

const orNone = (leaves: Leaf[]): Leaf[] | undefined => (leaves.length === 0 ? undefined : leaves);

const bySameKey = (leaves: readonly Leaf[], key: string): Leaf[] | undefined =>
  orNone(leaves.filter(({ path }) => fold(path.at(-1)!) === fold(key)));

/** What a section named like this cannot do without. */
function bySection(leaves: readonly Leaf[], key: string): Leaf[] | undefined {
  const name = OTHER_NAMES[fold(key)] ?? key;
  return orNone(
    leaves.filter(({ path, isRequired }) => {
      const section = path.at(-2);
      return isRequired && section !== undefined && nearestName(name, [section]) !== undefined;
    }),
  );
}

function byNearKey(leaves: readonly Leaf[], key: string): Leaf[] | undefined {
  const meant = nearestName(
    key,
    leaves.map(({ path }) => path.at(-1)!),
  );
  return meant === undefined ? undefined : bySameKey(leaves, meant);
}

const fold = (name: string): string => name.toLowerCase().replace(/[-_]/g, '');

/** Numbers go where numbers are. */
function takes(schema: JsonSchema, wanted: unknown): boolean {
  const isNumber = schema.type === 'number' || schema.type === 'integer';
  return typeof wanted === 'number' ? isNumber : !isNumber;
}

function leavesOf(
  schema: JsonSchema,
  value: unknown,
  path: readonly string[] = [],
  isRequired = false,
): Leaf[] {
  const branches = fittingBranches(schema, value);
  if (Array.isArray(value)) {
    const items = branches.find((branch) => branch.items?.properties !== undefined)?.items;
    if (items !== undefined) {
      return value.flatMap((entry, index) => {
        const name = valueAt(entry, ['name']);
        const key = typeof name === 'string' ? name : String(index);
        return leavesOf(items, entry, [...path, key]);
      });
    }
  }
  const sections = branches.filter(({ properties }) => properties !== undefined);
  if (sections.length === 0) return [{ path, schema, isRequired }];
  return sections.flatMap(({ properties = {}, required = [] }) =>
    Object.entries(properties).flatMap(([key, member]) =>
      leavesOf(member, valueAt(value, [key]), [...path, key], required.includes(key)),
    ),
  );
}
