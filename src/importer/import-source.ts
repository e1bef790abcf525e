/** Chooses the importer for a source, and its options, from the options of `data import`. */
import type { z } from 'zod';
import { applyOverride, OverrideError } from '../config/override.ts';
import { problemsOf } from '../config/problems.ts';
import { jsonSchemaOf } from '../config/schema-words.ts';
import { LockstepError } from '../core/errors.ts';
import type { ImportItem } from '../data/record.ts';
import type { ImporterDefinition } from '../source/define-importer.ts';
import { type FoundSource, findSources } from '../source/file/find-sources.ts';
import type { KnownItems } from '../source/known-items.ts';
import { TARGET_RULES } from '../source/rules/table-rules.ts';
import { readSource, type SourceReading } from './read-source.ts';
import { importers } from './registry.ts';
import { rulesOf, type SourceOptions } from './source-rules.ts';
import { type KeyRoles, keyRolesOf, withPartsOfTables } from './table-folder.ts';

/** Sources with their importer, and its options with defaults. */
export interface ChosenSource extends SourceReading {
  readonly importer: ImporterDefinition;
  readonly items: AsyncIterable<ImportItem>;
  /** What `items` leave out; to be set before they are read. */
  readonly known: KnownItems;
}

/** @throws LockstepError USAGE, DATA_NOT_FOUND */
export function importSource(request: SourceOptions): ChosenSource {
  const sources = withPartsOfTables(findSources(request));
  const importer = importerOf(request, sources);
  refuseTwoTargets(request);
  refuseTwoSplits(request, sources);
  const hasTarget = TARGET_RULES.some((rule) => request[rule] !== undefined);
  const keyRoles = keyRolesOf(sources, request, hasTarget || request.classBy === 'none');
  const options = optionsFor(importer, withoutKeys(request, keyRoles));
  const known: KnownItems = { left: 0 };
  const reading = { options, sources, hasIds: request.id !== undefined, keyRoles };
  return { ...reading, importer, known, items: readSource(importer, reading, known) };
}

/** No file has the column that a key of its folders stands for. */
const withoutKeys = (request: SourceOptions, keyRoles: KeyRoles): SourceOptions => ({
  ...request,
  ...Object.fromEntries(Object.keys(keyRoles).map((role) => [role, undefined])),
});

/** The one importer of all sources, since the options are for one. */
function importerOf(request: SourceOptions, sources: readonly FoundSource[]): ImporterDefinition {
  if (request.importer !== undefined) return importers.named(request.importer);
  const chosen = sources.map(({ path }) => ({ path, importer: importers.accepting(path) }));
  const [first] = chosen as [(typeof chosen)[number]];
  const other = chosen.find(({ importer }) => importer !== first.importer);
  if (other === undefined) return first.importer;
  throw new LockstepError(
    'USAGE',
    `Cannot import "${first.path}" and "${other.path}" at once: they are of the kinds ${first.importer.kind} and ${other.importer.kind}.`,
    'Import files of one kind at a time.',
  );
}

const TARGET_OPTIONS = {
  label: 'label',
  labels: 'labels',
  target: 'target',
  timestepLabels: 'timestep-labels',
};

/** A dataset has one kind of target. */
function refuseTwoTargets(request: SourceOptions): void {
  const given = TARGET_RULES.filter((rule) => request[rule] !== undefined);
  const [first, second] = given.map((rule) => `--${TARGET_OPTIONS[rule]}`);
  if (second === undefined) return;
  throw new LockstepError(
    'USAGE',
    `${first} and ${second} exclude each other.`,
    'A dataset has one kind of target: name one of them.',
  );
}

function refuseTwoSplits({ split }: SourceOptions, sources: readonly FoundSource[]): void {
  const given = sources.find((source) => source.split !== undefined);
  if (split === undefined || given === undefined) return;
  throw new LockstepError(
    'USAGE',
    `--split and --${given.split} exclude each other.`,
    'Name the splits by a column, or by a file each.',
  );
}

/** The rules are for the built-in importers; of them, each takes those that it knows. */
function optionsFor(importer: ImporterDefinition, request: SourceOptions): Record<string, unknown> {
  const { maxLength } = request;
  const rules = {
    ...rulesOf(request),
    ...(maxLength !== undefined && { readAtMost: maxLength + 1 }),
  };
  const known = Object.entries(rules).filter(([key]) => Object.hasOwn(importer.options.shape, key));
  const given: Record<string, unknown> = {
    ...(importers.isBuiltIn(importer) && Object.fromEntries(known)),
    ...request.options,
  };
  for (const option of request.option ?? []) setOption(given, option);
  return parseOptions(importer, given);
}

function setOption(options: Record<string, unknown>, text: string): void {
  try {
    applyOverride(options, text);
  } catch (thrown) {
    if (!(thrown instanceof OverrideError)) throw thrown;
    throw new LockstepError(
      'USAGE',
      `Cannot use --option ${text}: ${thrown.message}`,
      'Give an option of the importer, such as --option alphabet=ACGT.',
    );
  }
}

function parseOptions(
  { kind, options }: ImporterDefinition,
  given: Record<string, unknown>,
): z.output<z.ZodObject> {
  const schema = options.strict();
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  const [problem] = problemsOf(jsonSchemaOf(schema), given, parsed.error.issues);
  throw new LockstepError(
    'USAGE',
    `Cannot use the importer "${kind}": its option ${problem!.sentence}${problem!.hint}`,
    'Correct the option.',
  );
}
