/** Chooses the importer for a source, and its options, from the options of `data import`. */
import { existsSync } from 'node:fs';
import type { z } from 'zod';
import { applyOverride, OverrideError } from '../../config/override.ts';
import { problemsOf } from '../../config/problems.ts';
import { jsonSchemaOf } from '../../config/schema-words.ts';
import { LockstepError } from '../../core/errors.ts';
import type { ImporterDefinition } from './define-importer.ts';
import type { ImportItem } from './record.ts';
import { importers } from './registry.ts';
import { rulesOf, type SourceOptions } from './source-rules.ts';

/** A source with its importer. */
export interface ChosenSource {
  readonly importer: ImporterDefinition;
  /** The importer's options, with defaults. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly items: AsyncIterable<ImportItem>;
}

/** @throws LockstepError USAGE, DATA_NOT_FOUND */
export function importSource(request: SourceOptions): ChosenSource {
  const { source } = request;
  if (!existsSync(source)) {
    throw new LockstepError(
      'DATA_NOT_FOUND',
      `Cannot import "${source}": there is no such file or folder.`,
      'Give a folder of files, a .csv or a .jsonl file.',
    );
  }
  const importer =
    request.importer === undefined
      ? importers.accepting(source)
      : importers.named(request.importer);
  const options = optionsFor(importer, request);
  return { importer, options, items: importer.records(source, options) };
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
