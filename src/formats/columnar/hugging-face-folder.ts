/**
 * Folders of Hugging Face: what `save_to_disk` writes, a dataset or one for each of several splits; and a downloaded
 * repository with Parquet files whose names begin with their split.
 */
import { existsSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { z } from 'zod';
import { LockstepError } from '../../core/errors.ts';
import { readTextSync } from '../../core/read-file.ts';
import type { Split } from '../../data/format/store.ts';
import { sourceError } from '../../source/file/source-error.ts';
import { splitNamed, splitProblem } from '../../source/table/split-name.ts';

const state = z.object({ _data_files: z.array(z.object({ filename: z.string() })) });
const splits = z.object({ splits: z.array(z.string()) });

/** `train-00000-of-00002.parquet`, in older repositories with a hash at the end. */
const SHARD = /^(.+?)-\d{5}-of-\d{5}(-\w+)?\.parquet$/;

/** Files in their order, and the split that they belong to. */
export interface DatasetPart {
  /** What the ids begin with; '' where the names of the files differ already. */
  readonly name: string;
  readonly split: Split | undefined;
  readonly files: readonly string[];
}

/** Whether it is such a folder. */
export function isDatasetFolder(path: string): boolean {
  return isSaved(path) || shardsIn(path).length > 0;
}

const isSaved = (path: string): boolean =>
  existsSync(join(path, 'dataset_dict.json')) || existsSync(join(path, 'state.json'));

/** The Parquet files of a repository, which lie in it or in its folder `data`. */
function shardsIn(path: string): string[] {
  for (const folder of [path, join(path, 'data')]) {
    const names = namesIn(folder).filter((name) => SHARD.test(name));
    if (names.length > 0) return names.sort().map((name) => join(folder, name));
  }
  return [];
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    // A file, or a folder that may not be read, which the importer of folders says.
    return [];
  }
}

/**
 * The parts of the folder.
 * @throws LockstepError DATA_INVALID for a damaged description; USAGE for a split of an unknown name
 */
export function partsOf(path: string): DatasetPart[] {
  if (!isSaved(path)) return partsOfShards(path);
  if (!existsSync(join(path, 'dataset_dict.json'))) {
    return [{ name: '', split: undefined, files: filesOf(path) }];
  }
  const names = read(join(path, 'dataset_dict.json'), splits).splits;
  return names.map((name) => ({
    name,
    split: meantBy(path, name),
    files: filesOf(join(path, name)),
  }));
}

function partsOfShards(path: string): DatasetPart[] {
  const files = shardsIn(path);
  const advice = `Import splits by their files: --train '${files[0]!.replace(SHARD_NUMBER, '-*')}', and --validation and --test in the same way.`;
  return files.map((file) => {
    const [, name = ''] = SHARD.exec(basename(file))!;
    return { name: '', split: meantBy(path, name, advice), files: [file] };
  });
}

const SHARD_NUMBER = /-\d{5}-of-\d{5}.*$/;

function meantBy(
  path: string,
  name: string,
  advice = `Import one split by its folder, such as "${join(path, name)}".`,
): Split {
  const split = splitNamed(name);
  if (split !== undefined) return split;
  throw new LockstepError('USAGE', `Cannot import "${path}": its ${splitProblem(name)}.`, advice);
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
    return schema.parse(JSON.parse(readTextSync(path)));
  } catch (cause) {
    throw sourceError(path, 'it is not what save_to_disk of Hugging Face datasets writes', {
      cause,
    });
  }
}
