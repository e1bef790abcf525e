/** A folder that Hugging Face's `save_to_disk` writes: a dataset, or one for each of several splits. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { LockstepError } from '../../../core/errors.ts';
import type { Split } from '../../format/store.ts';
import { sourceError } from '../source-error.ts';

const state = z.object({ _data_files: z.array(z.object({ filename: z.string() })) });
const splits = z.object({ splits: z.array(z.string()) });

/** Arrow files in their order, and the split that they belong to. */
export interface DatasetPart {
  /** '' for a dataset without splits. */
  readonly name: string;
  readonly split: Split | undefined;
  readonly files: readonly string[];
}

/** Whether `save_to_disk` wrote this folder. */
export function isDatasetFolder(path: string): boolean {
  return existsSync(join(path, 'dataset_dict.json')) || existsSync(join(path, 'state.json'));
}

/**
 * The parts of the folder.
 * @throws LockstepError DATA_INVALID for a damaged description; USAGE for a split of an unknown name
 */
export function partsOf(path: string): DatasetPart[] {
  if (!existsSync(join(path, 'dataset_dict.json'))) {
    return [{ name: '', split: undefined, files: filesOf(path) }];
  }
  const names = read(join(path, 'dataset_dict.json'), splits).splits;
  return names.map((name) => ({
    name,
    split: splitNamed(path, name),
    files: filesOf(join(path, name)),
  }));
}

const SPLIT_NAMES: Readonly<Record<string, Split>> = {
  train: 'train',
  validation: 'validation',
  valid: 'validation',
  val: 'validation',
  dev: 'validation',
  test: 'test',
};

function splitNamed(path: string, name: string): Split {
  if (Object.hasOwn(SPLIT_NAMES, name)) return SPLIT_NAMES[name]!;
  throw new LockstepError(
    'USAGE',
    `Cannot import "${path}": its split "${name}" is none of ${Object.keys(SPLIT_NAMES).join(', ')}.`,
    `Import one split by its folder, such as "${join(path, name)}".`,
  );
}

function filesOf(folder: string): string[] {
  const path = join(folder, 'state.json');
  const names = read(path, state)._data_files.map(({ filename }) => filename);
  const strange = names.find((name) => /[/\\]|^\.\.?$/.test(name));
  if (strange === undefined) return names.map((name) => join(folder, name));
  throw sourceError(path, `it names the file "${strange}", which lies elsewhere`);
}

function read<T>(path: string, schema: z.ZodType<T>): T {
  try {
    return schema.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch (cause) {
    throw sourceError(path, 'it is not what save_to_disk of Hugging Face datasets writes', {
      cause,
    });
  }
}
