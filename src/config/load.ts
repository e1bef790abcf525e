/** Turns a YAML file and `--set` options into a typed configuration, or into one line for each problem. */
import { existsSync } from 'node:fs';
import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  stringify,
} from 'yaml';
import type { z } from 'zod';
import { canonicalJson } from '../core/canonical-json.ts';
import { LockstepError } from '../core/errors.ts';
import { sha256 } from '../core/hash.ts';
import { readPipedTextSync } from '../core/read-file.ts';
import { systemErrorCode } from '../core/system-error.ts';
import { type ConfigKind, isData, notAConfiguration } from './known-configs.ts';
import { nearPaths } from './near-paths.ts';
import { dropOtherAlternatives } from './one-alternative.ts';
import { applyOverride, type Override, OverrideError } from './override.ts';
import { type Problem, problemsOf } from './problems.ts';
import type { RunConfig } from './run-config.ts';
import { type JsonSchema, jsonSchemaOf, keysOf, schemaAt, valueAt } from './schema-words.ts';

/** Parsing takes minutes beyond that. */
const MOST_BYTES = 2 ** 20;
/** A file that has more is something else than a configuration. */
const MOST_PROBLEMS = 5;

/**
 * A configuration that is given as a value, with its defaults filled in.
 * @throws LockstepError CONFIG_INVALID with a line for each problem: key path, what was found, what is allowed
 */
export function checkConfig<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
): z.output<Schema> {
  const result = schema.safeParse(copyOf(value));
  if (result.success) return result.data;
  const problems = problemsOf(jsonSchemaOf(schema), value, result.error.issues);
  throw invalid(problems.map(({ sentence, hint }) => `config: ${sentence}${hint}`));
}

/**
 * Reads a configuration of the given schema.
 * @param source name of the text in errors
 * @param overrides `--set` options: "a.b=c", the value in YAML; "phases.0.…" or "phases.<name>.…"
 * @throws LockstepError CONFIG_INVALID with one line for each problem: place in the file, key path, value found,
 *   values allowed, and the nearest known key
 */
export function parseConfig<Schema extends z.ZodType>(
  schema: Schema,
  text: string,
  source: string,
  overrides: readonly string[] = [],
): z.output<Schema> {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, merge: true });
  const faults = [...document.errors, ...document.warnings];
  if (faults.length > 0) {
    throw invalid(faults.map(({ pos, message }) => `${place(source, lines, pos[0])}: ${message}.`));
  }
  const value = rootSection(document, source);
  refuseCode(document, lines, source);
  const applied = applyAll(schema, value, overrides);
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const words = jsonSchemaOf(schema);
  const problems = problemsOf(words, value, result.error.issues);
  throw invalid(
    problems.map((problem) => {
      const set = applied.findLast((override) => isAbout(override, problem));
      if (set === undefined) {
        return `${locate(document, lines, source, problem.path)}: ${problem.sentence}${problem.hint}`;
      }
      const hint = pathsMeant(words, value, set) || problem.hint;
      return `--set ${set.text}: ${problem.sentence}${hint}`;
    }),
  );
}

/** The configuration with every default filled in, as YAML that `loadRunConfig` reads back. */
export function resolvedConfigToYaml(config: RunConfig): string {
  return stringify(config, { lineWidth: 100 });
}

/** SHA-256 of the configuration as canonical JSON. Equal hashes mean equal runs. */
export function hashConfig(config: RunConfig): string {
  return sha256(canonicalJson(config));
}

/**
 * @param kind what the configuration is to describe, for the advice
 * @throws LockstepError CONFIG_NOT_FOUND
 */
export function readConfigFile(path: string, kind: ConfigKind = 'run'): string {
  if (isData(path) && existsSync(path)) throw noConfiguration(path, kind);
  try {
    const text = readPipedTextSync(path, MOST_BYTES);
    if (text === undefined) throw tooLarge(path);
    return text;
  } catch (thrown) {
    const code = systemErrorCode(thrown);
    if (code === undefined || thrown instanceof LockstepError) throw thrown;
    if (code === 'ENOENT' || code === 'EISDIR') throw noConfiguration(path, kind, thrown);
    throw new LockstepError(
      'CONFIG_NOT_FOUND',
      `${cannotRead(path)}: it can't be opened (${code}).`,
      'Give the path of a YAML file that you may read.',
      { cause: thrown },
    );
  }
}

function tooLarge(path: string): LockstepError {
  return new LockstepError(
    'CONFIG_NOT_FOUND',
    `${cannotRead(path)}: it has more than 1 MiB.`,
    'Give the path of a YAML file that describes a run; data are named in it, not written into it.',
  );
}

function noConfiguration(path: string, kind: ConfigKind, cause?: unknown): LockstepError {
  const { reason, advice } = notAConfiguration(path, kind);
  return new LockstepError('CONFIG_NOT_FOUND', `${cannotRead(path)}: ${reason}.`, advice, {
    cause,
  });
}

const cannotRead = (path: string): string => `Cannot read the configuration "${path}"`;

/** Files are never executed, and none names a file that is: whoever gives the command does. */
function refuseCode(document: Document, lines: LineCounter, source: string): void {
  const key = ['extensions', 'extension'].find((name) => document.has(name));
  if (key === undefined) return;
  const where = locate(document, lines, source, [key]);
  throw new LockstepError(
    'CONFIG_INVALID',
    `${where}: ${key} is no key of a configuration: a configuration never names code that is executed.`,
    'Give the module by --extension PATH, or name it in lockstep.config.ts of the current folder.',
  );
}

function rootSection(document: Document, source: string): unknown {
  const value = unfold(document, source);
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  const found = value === null ? 'empty' : Array.isArray(value) ? 'a list' : 'a single value';
  throw invalid([`${source}: the file is ${found}; allowed: a section of keys.`]);
}

/** Plain values, with a copy of an anchor's content at each use, so that `--set` changes one place only. */
function unfold(document: Document, source: string): unknown {
  try {
    return copyOf(document.toJS({ maxAliasCount: 100 }));
  } catch (thrown) {
    if (thrown instanceof RangeError) {
      throw invalid([
        `${source}: an alias lies within what it stands for, or it is nested too deep.`,
      ]);
    }
    if (!(thrown instanceof ReferenceError)) throw thrown;
    throw invalid([`${source}: its aliases unfold to more than a configuration may hold.`]);
  }
}

function copyOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copyOf);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, copyOf(member)]));
}

/** Applies the overrides in place and in their order. */
function applyAll(schema: z.ZodType, value: unknown, overrides: readonly string[]): Override[] {
  if (overrides.length === 0) return [];
  const words = jsonSchemaOf(schema);
  const applied: Override[] = [];
  for (const text of overrides) {
    const override = applyOrRefuse(value, text);
    dropOtherAlternatives(words, value, override, applied);
    applied.push(override);
  }
  return applied;
}

/**
 * Paths of the values in a configuration that `name` may mean.
 * @param wanted the value that it shall have
 */
export function nearOverrides(
  schema: z.ZodType,
  text: string,
  name: string,
  wanted: unknown,
): string[] {
  const value: unknown = parseDocument(text, { merge: true }).toJS();
  return nearPaths(jsonSchemaOf(schema), value, name, wanted);
}

/** Hints at whole paths for a `--set` whose path the schema does not know, or that is a section. */
function pathsMeant(words: JsonSchema, value: unknown, { path, text }: Override): string {
  const schema = schemaAt(words, value, path);
  const wanted = valueAt(value, path);
  const isSection = schema !== undefined && keysOf(schema, wanted).length > 0;
  if (schema !== undefined && !isSection) return '';
  const meant = nearPaths(words, value, text.slice(0, text.indexOf('=')), wanted);
  return meant.length === 0 ? '' : ` Did you mean ${meant.join(' or ')}?`;
}

function applyOrRefuse(value: unknown, override: string): Override {
  try {
    return applyOverride(value, override);
  } catch (thrown) {
    if (!(thrown instanceof OverrideError)) throw thrown;
    throw invalid([`--set ${override}: ${thrown.message}`]);
  }
}

/** Whether a problem lies at, above or below the place that the override set. */
function isAbout({ path }: Override, problem: Problem): boolean {
  const shared = Math.min(path.length, problem.path.length);
  if (problem.kind === 'missing' && problem.path.length <= path.length) return false;
  return path.slice(0, shared).join('.') === problem.path.slice(0, shared).join('.');
}

/** `file:line:column` of the key at a path, or of the nearest section around it in the file. */
function locate(
  document: Document,
  lines: LineCounter,
  source: string,
  path: readonly PropertyKey[],
): string {
  let node: unknown = document.contents;
  let offset = 0;
  for (const key of path) {
    if (isAlias(node)) node = node.resolve(document);
    if (isMap(node)) {
      const pair = node.items.find(({ key: k }) => isScalar(k) && String(k.value) === String(key));
      if (pair === undefined) break;
      if (isScalar(pair.key)) offset = pair.key.range?.[0] ?? offset;
      node = pair.value;
    } else if (isSeq(node)) {
      const item = node.items[Number(key)];
      if (item === undefined) break;
      node = item;
      offset = (node as { range?: readonly number[] }).range?.[0] ?? offset;
    } else break;
  }
  return place(source, lines, offset);
}

function place(source: string, lines: LineCounter, offset: number): string {
  const { line, col } = lines.linePos(offset);
  return `${source}:${Math.max(line, 1)}:${Math.max(col, 1)}`;
}

function invalid(problems: readonly string[]): LockstepError {
  const advice =
    problems.length === 1
      ? 'Correct it and run the command again.'
      : `Correct these ${problems.length} problems and run the command again.`;
  const shown = problems.slice(0, MOST_PROBLEMS);
  const more = problems.length - shown.length;
  const lines = more === 0 ? shown : [...shown, `(${more} more are not shown.)`];
  return new LockstepError('CONFIG_INVALID', lines.join('\n'), advice);
}
