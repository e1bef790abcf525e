/** Raw files for a trained model, read by the rules by which its training data were imported. */

import { join } from 'node:path';
import { z } from 'zod';
import { extensionRecord } from '../../config/extension-record.ts';
import { LockstepError } from '../../core/errors.ts';
import { commandLine } from '../../core/program-name.ts';
import { makeTemporaryFolder, removeTemporaryFolder } from '../../core/temporary-folder.ts';
import type { StoreManifest } from '../../data/format/store.ts';
import { type ImportReport, readingLines } from '../../data/info/import-report.ts';
import { type ImportItem, isSkip } from '../../data/record.ts';
import { readTrainingData } from '../../data/training-data.ts';
import { requireExtensions } from '../../extension/identity.ts';
import type { BuildOptions } from '../../importer/build/build-options.ts';
import { buildStore } from '../../importer/build/build-store.ts';
import { MISSING_RULES, type MissingRule } from '../../importer/build/missing-values.ts';
import { importSource } from '../../importer/import-source.ts';
import type { SourceRules } from '../../importer/source-rules.ts';
import { fittedKindOf } from '../../run/fitted/kinds.ts';
import { readRunConfig } from '../../run/folder.ts';
import { formatRules } from '../../source/rules/format-rules.ts';
import { TARGET_RULES, tableRules } from '../../source/rules/table-rules.ts';
import type { Notice } from '../../telemetry/run-event.ts';
import { asRead, refuseNoSounds, refuseOtherKind } from './raw-refusals.ts';
import { otherRates } from './sample-rates.ts';

/** What `data import` writes into the manifest. */
const provenance = z.object({
  command: z.array(z.string()).optional(),
  importer: z
    .object({
      kind: z.string(),
      options: z.record(z.string(), z.unknown()),
      extension: extensionRecord.optional(),
    })
    .optional(),
  rules: z.object({
    ...formatRules.shape,
    ...tableRules.shape,
    classBy: z.string().default('none'),
    ending: z.array(z.string()).default([]),
    depth: z.number().default(0),
    groupBy: z.string().default('file'),
    groupLevels: z.number().default(1),
    symbolMap: z.string().default('none'),
    as: z.string().optional(),
    exclude: z.array(z.string()).default([]),
  }),
  missing: z.enum(MISSING_RULES).default('skip'),
  sampleRates: z.array(z.number()).default([]),
  length: z.object({
    minimum: z.number(),
    maximum: z.number(),
    longer: z.enum(['skip', 'truncate']),
  }),
});

/** A temporary dataset. */
export interface RawStore {
  /** Its folder. */
  readonly store: string;
  remove(): Promise<void>;
}

/**
 * Imports `source` into a temporary store and tells what was left out: no sequence is too short, none is dropped
 * as a duplicate, and one that the model cannot read is left out and counted.
 * @param labelled whether classes are wanted, by the rules of the training data
 * @throws LockstepError USAGE when the training data were not imported; what is wrong with the source
 */
export async function openRawFiles(
  { run, source, labelled }: RawRequest,
  onEvent: (event: Notice) => void,
): Promise<RawStore> {
  if (fittedKindOf(run) === undefined) readRunConfig(run);
  const { manifest } = readTrainingData(run);
  const training = rulesOfTraining(run, manifest);
  const root = makeTemporaryFolder('raw');
  const remove = async () => removeTemporaryFolder(root);
  try {
    const store = join(root, 'store');
    const report = await importRaw({ source, labelled, target: store, manifest, ...training });
    refuseNoSounds(source, training.sampleRates, report.sampleRates);
    if (report.kept < report.read || report.truncated.count + report.stripped.count > 0) {
      onEvent({ kind: 'status', text: readingLines(report).join('\n') });
    }
    const rates = otherRates(training.sampleRates, report.sampleRates);
    if (rates !== undefined) onEvent({ kind: 'status', text: `warning: ${rates}` });
    return { store, remove };
  } catch (thrown) {
    await remove();
    throw asRead(thrown, source, training);
  }
}

interface RawRequest {
  readonly run: string;
  readonly source: string;
  readonly labelled: boolean;
}

interface RawImport extends Omit<RawRequest, 'run'>, TrainingRules {
  readonly target: string;
  readonly manifest: StoreManifest;
}

async function importRaw(raw: RawImport): Promise<ImportReport> {
  const { source, labelled, target, rules, own, importer, length, missing, manifest } = raw;
  const { items, importer: chosen } = importSource({
    ...withoutRoles(rules, labelled),
    source,
    ...(own && { importer: own.kind, options: own.options }),
    ...(length.maximum !== undefined && { maxLength: length.maximum }),
  });
  if (own === undefined && importer !== undefined) {
    const isSound = raw.sampleRates.length > 0;
    refuseOtherKind(source, { trained: importer, found: chosen.kind, isSound });
  }
  const { valueType, valueRange, target: learned } = manifest;
  const targetNames = learned.kind === 'numbers' ? learned.numbers.map(({ name }) => name) : [];
  return await buildStore(own ? withoutSplits(items, labelled) : items, {
    target,
    targetNames,
    name: source,
    isTemporary: true,
    valueType,
    duplicates: 'keep',
    length,
    missing,
    ...(valueType !== 'float32' && { largestValue: valueRange.maximum }),
  });
}

/** Groups and splits of new files mean nothing, nor do labels that nobody wants: their columns need not be there. */
function withoutRoles(rules: SourceRules, labelled: boolean): SourceRules {
  const roles = [...(labelled ? [] : TARGET_RULES), 'group', 'split'] as const;
  const ignored = roles.flatMap((role) => rules[role] ?? []);
  return {
    ...rules,
    ...(!labelled && { classBy: 'none', labelPattern: undefined }),
    ...Object.fromEntries(roles.map((role) => [role, undefined])),
    ignored,
  };
}

/** An importer of an extension has no rules by which labels, groups and splits could be left out. */
async function* withoutSplits(
  items: AsyncIterable<ImportItem>,
  labelled: boolean,
): AsyncGenerator<ImportItem> {
  for await (const item of items) {
    if (isSkip(item)) yield item;
    else {
      const { id, values, channels, isPadded, ...targets } = item;
      const found = { ...(labelled && targets), group: undefined, split: undefined };
      yield { id, values, channels, isPadded, ...found };
    }
  }
}

interface TrainingRules {
  readonly rules: SourceRules;
  /** The importer of an extension that made the dataset. */
  readonly own: { readonly kind: string; readonly options: Record<string, unknown> } | undefined;
  /** Kind of the importer; unknown for a dataset of an older version. */
  readonly importer: string | undefined;
  /** The import, as it was typed. */
  readonly command: readonly string[] | undefined;
  readonly length: NonNullable<BuildOptions['length']>;
  readonly missing: MissingRule;
  /** Of sounds, in hertz. */
  readonly sampleRates: readonly number[];
}

/** A cut at the training's maximum is repeated; other limits are no reason to leave a sequence out. */
function rulesOfTraining(run: string, manifest: StoreManifest): TrainingRules {
  const parsed = provenance.safeParse(manifest.provenance);
  if (!parsed.success) {
    throw new LockstepError(
      'USAGE',
      `Cannot read raw files as the training data of "${run}" were read: its dataset "${manifest.name}" does not say how it was imported.`,
      `Make a dataset of the files with "${commandLine('data', 'import')}" and give it by --data.`,
    );
  }
  const { command, rules, length, importer, missing, sampleRates } = parsed.data;
  const extension = importer?.extension;
  if (extension) requireExtensions([extension], `The dataset "${manifest.name}"`);
  return {
    rules: { ...rules, as: rules.as },
    own: extension && importer,
    importer: importer?.kind,
    command,
    missing,
    sampleRates,
    length: length.longer === 'truncate' ? { maximum: length.maximum, longer: 'truncate' } : {},
  };
}
