/** Says in words what a JSON Schema allows; finds the schema of a place in a value. */
import { z } from 'zod';

/** The part of JSON Schema that the configuration's schemas use. */
export interface JsonSchema {
  readonly type?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  /** Of a record: the schema of every value. */
  readonly additionalProperties?: JsonSchema | boolean;
  readonly required?: readonly string[];
  readonly items?: JsonSchema;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  readonly minLength?: number;
}

/** The JSON Schema of a zod schema's input. */
export function jsonSchemaOf(schema: z.ZodType): JsonSchema {
  return z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as JsonSchema;
}

export const branchesOf = (schema: JsonSchema): readonly JsonSchema[] =>
  schema.anyOf ?? schema.oneOf ?? [schema];

/** The keys that an object may have, in all branches that fit the constants in `value`. */
export function keysOf(schema: JsonSchema, value: unknown): string[] {
  const fitting = fittingBranches(schema, value);
  return [...new Set(fitting.flatMap((branch) => Object.keys(branch.properties ?? {})))];
}

/** The branches whose constants ("kind") all agree with the value; all branches if none does. */
export function fittingBranches(schema: JsonSchema, value: unknown): readonly JsonSchema[] {
  const branches = branchesOf(schema);
  const members = memberOf(value);
  const fitting = branches.filter((branch) =>
    Object.entries(branch.properties ?? {}).every(
      ([key, { const: constant }]) => constant === undefined || members(key) === constant,
    ),
  );
  return fitting.length > 0 ? fitting : branches;
}

/** The schema at a path, through the branches that fit the value; undefined if there is none. */
export function schemaAt(
  schema: JsonSchema,
  value: unknown,
  path: readonly PropertyKey[],
): JsonSchema | undefined {
  const [key, ...rest] = path;
  if (key === undefined) return schema;
  for (const branch of fittingBranches(schema, value)) {
    const next = typeof key === 'number' ? branch.items : memberSchema(branch, String(key));
    if (next !== undefined) return schemaAt(next, memberOf(value)(key), rest);
  }
  return undefined;
}

function memberSchema({ properties, additionalProperties }: JsonSchema, key: string) {
  const others = typeof additionalProperties === 'object' ? additionalProperties : undefined;
  return properties?.[key] ?? others;
}

/** The value at a path; undefined if there is none. */
export function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce((at, key) => memberOf(at)(key), value);
}

function memberOf(value: unknown): (key: PropertyKey) => unknown {
  if (typeof value !== 'object' || value === null) return () => undefined;
  return (key) =>
    Object.hasOwn(value, key) ? (value as Record<PropertyKey, unknown>)[key] : undefined;
}

/** What the schema allows, as the end of "allowed: …". */
export function allowedBy(schema: JsonSchema): string {
  if (schema.anyOf ?? schema.oneOf) return branchesOf(schema).map(allowedBy).join(' or ');
  if (schema.enum) return schema.enum.map((option) => JSON.stringify(option)).join(' or ');
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  switch (schema.type) {
    case 'integer':
      return `a whole number${bounds(schema)}`;
    case 'number':
      return `a number${bounds(schema)}`;
    case 'string':
      return schema.minLength === undefined ? 'text' : 'text that is not empty';
    case 'array':
      return `a list${sizes(schema)}, each ${allowedBy(schema.items ?? {})}`;
    case 'object':
      return allowedMembers(schema);
    default:
      return schema.type ?? 'any value';
  }
}

function sizes({ minItems, maxItems }: JsonSchema): string {
  if (maxItems !== undefined) return ` of ${minItems ?? 0} to ${maxItems}`;
  return minItems === undefined ? '' : ` of at least ${minItems}`;
}

function bounds(schema: JsonSchema): string {
  const [minimum, maximum] = [schema.minimum, schema.maximum].map(realLimit);
  if (minimum !== undefined && maximum !== undefined) return ` from ${minimum} to ${maximum}`;
  const parts = [
    ['≥', minimum],
    ['>', schema.exclusiveMinimum],
    ['≤', maximum],
    ['<', schema.exclusiveMaximum],
  ].filter(([, limit]) => limit !== undefined);
  return parts.length === 0 ? '' : ` ${parts.map((part) => part.join(' ')).join(' and ')}`;
}

/** Hides zod's limits of exact integers, which nobody reaches. */
const realLimit = (limit?: number) =>
  limit !== undefined && Math.abs(limit) < Number.MAX_SAFE_INTEGER ? limit : undefined;

/** `{ kind: "sgd", … }`: the constant that identifies the object, or its few keys, or "{ … }". */
function allowedMembers({ properties = {}, required = [] }: JsonSchema): string {
  const entries = Object.entries(properties);
  const constants = entries.filter(([, member]) => member.const !== undefined);
  if (constants.length > 0 && entries.length > constants.length) {
    return `{ ${constants.map(([key, member]) => `${key}: ${JSON.stringify(member.const)}`)}, … }`;
  }
  const shown = required.length === 0 ? entries : entries.filter(([key]) => required.includes(key));
  if (entries.length <= 2) {
    const members = shown.map(([key, member]) => `${key}: ${allowedBy(member)}`);
    return `{ ${[...members, ...(shown.length < entries.length ? ['…'] : [])].join(', ')} }`;
  }
  const keys = shown.map(([key]) => key).join(', ');
  return required.length === 0 ? `a section of ${keys}` : `a section with at least ${keys}`;
}

/** A value as a sentence shows it: short, and on one line. */
export function showValue(value: unknown): string {
  if (value === undefined) return 'missing';
  if (value === null) return 'empty';
  if (Array.isArray(value) && value.length === 0) return 'an empty list';
  if (typeof value === 'number') return String(value);
  if (typeof value === 'object' && !Array.isArray(value)) {
    const keys = Object.keys(value);
    return keys.length === 0 ? 'an empty section' : `a section of ${clip(keys.join(', '))}`;
  }
  return clip(JSON.stringify(value));
}

const clip = (text: string) => (text.length > 60 ? `${text.slice(0, 57)}…` : text);
