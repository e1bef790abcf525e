/** Raw files for a trained model, read by the rules by which its training data were imported. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Argv } from 'yargs';
import { z } from 'zod';
import { LockstepError } from '../../core/errors.ts';
import { openStore } from '../../data/format/open-store.ts';
import type { StoreManifest } from '../../data/format/store.ts';
import type { BuildOptions } from '../../data/importer/build-options.ts';
import { buildStore } from '../../data/importer/build-store.ts';
import { importSource, type SourceRules } from '../../data/importer/import-source.ts';
import { readingLines } from '../../data/importer/report.ts';
import { readRunConfig } from '../../run/folder.ts';

/** What `data import` writes into the manifest. */
const provenance = z.object({
  rules: z.object({
    classBy: z.string().default('none'),
    extension: z.array(z.string()).default([]),
    depth: z.number().default(0),
    groupBy: z.string().default('file'),
    groupLevels: z.number().default(1),
    symbolMap: z.string().default('none'),
    exclude: z.array(z.string()).default([]),
    values: z.string().default('values'),
    id: z.string().optional(),
    label: z.string().optional(),
    group: z.string().optional(),
    split: z.string().optional(),
    delimiter: z.string().default(','),
  }),
  length: z.object({
    minimum: z.number(),
    maximum: z.number(),
    longer: z.enum(['skip', 'truncate']),
  }),
});

/** Adds `--files`. */
export function filesOption<T>(yargs: Argv<T>): Argv<T & { files: string | undefined }> {
  return yargs
    .option('files', {
      type: 'string',
      describe: 'Raw files, read as the training data were: a folder, a .csv or a .jsonl file',
    })
    .conflicts('files', ['data', 'split']) as Argv<T & { files: string | undefined }>;
}

/**
 * Imports `source` into a temporary store for as long as `use` takes, and says on stderr what was left out:
 * no sequence is too short, none is dropped as a duplicate, and one
 * that the model cannot read is left out and counted.
 * @param labelled whether classes are wanted, by the rules of the training data
 * @throws LockstepError USAGE when the training data were not imported; what is wrong with the source
 */
export async function withRawFiles<Result>(
  { run, source, labelled }: { run: string; source: string; labelled: boolean },
  use: (store: string) => Promise<Result>,
): Promise<Result> {
  const trained = await openStore(readRunConfig(run).data.store);
  const { manifest } = trained;
  await trained.close();
  const { rules, length } = rulesOfTraining(run, manifest);
  const root = await mkdtemp(join(tmpdir(), 'lockstep-raw-'));
  const target = join(root, 'store');
  try {
    const items = importSource({
      ...(labelled ? rules : { ...rules, classBy: 'none', label: undefined }),
      group: undefined,
      split: undefined,
      source,
      ...(length.maximum !== undefined && { maxLength: length.maximum }),
    });
    const { valueType, valueRange } = manifest;
    const report = await buildStore(items, {
      target,
      name: source,
      valueType,
      duplicates: 'keep',
      length,
      ...(valueType !== 'float32' && { largestValue: valueRange.maximum }),
    });
    if (report.kept < report.read || report.truncated.count > 0) {
      process.stderr.write(`${readingLines(report).join('\n')}\n`);
    }
    return await use(target);
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

/** A cut at the training's maximum is repeated; other limits are no reason to leave a sequence out. */
function rulesOfTraining(
  run: string,
  manifest: StoreManifest,
): { readonly rules: SourceRules; readonly length: NonNullable<BuildOptions['length']> } {
  const parsed = provenance.safeParse(manifest.provenance);
  if (!parsed.success) {
    throw new LockstepError(
      'USAGE',
      `Cannot read raw files as the training data of "${run}" were read: its dataset "${manifest.name}" does not say how it was imported.`,
      'Make a dataset of the files with `lockstep data import` and give it by --data.',
    );
  }
  const { rules, length } = parsed.data;
  const { id, label, group, split, ...others } = rules;
  return {
    rules: { ...others, id, label, group, split },
    length: length.longer === 'truncate' ? { maximum: length.maximum, longer: 'truncate' } : {},
  };
}
