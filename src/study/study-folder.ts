/** The folder of a study and of its runs. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { tidyAfterCrash } from '../core/atomic-folder.ts';
import { LockstepError } from '../core/errors.ts';
import { withWriteErrors } from '../core/file-error.ts';
import { parseJson } from '../core/json.ts';
import { makeFolders } from '../core/make-folders.ts';
import { readTextSync } from '../core/read-file.ts';
import { type CellKey, cellName } from './cell.ts';

/** The paths of a study. */
export interface StudyFolder {
  readonly path: string;
  /** The configuration of the study. */
  readonly config: string;
  /** What was tried, one stage after the other. */
  readonly stages: string;
  readonly markdown: string;
  readonly page: string;
}

/** The paths of a cell. */
export interface CellPaths {
  /** The run's folder. */
  readonly run: string;
  /** The result; exists when the cell is done. */
  readonly result: string;
}

/** The paths below a study's folder. */
export function studyFolder(path: string): StudyFolder {
  return {
    path,
    config: join(path, 'study.yaml'),
    stages: join(path, 'stages.json'),
    markdown: join(path, 'study.md'),
    page: join(path, 'study.html'),
  };
}

/** The paths of one cell. */
export function cellPaths({ path }: StudyFolder, key: CellKey): CellPaths {
  const name = cellName(key);
  return {
    run: join(path, 'runs', name),
    result: join(path, 'cells', `${name}.json`),
  };
}

/**
 * Makes the folders of a study.
 * @returns the first folder that was not there before, if any
 * @throws LockstepError USAGE, OUT_OF_RESOURCES
 */
export function makeStudyFolder(folder: StudyFolder): string | undefined {
  return withWriteErrors(folder.path, () => makeFolders(join(folder.path, 'cells')))[0];
}

/** Removes what a study that was killed left half-written. Only for the folder's owner. */
export async function tidyStudyFolder({ path }: StudyFolder): Promise<void> {
  for (const folder of [path, join(path, 'cells')]) await tidyAfterCrash(folder);
}

/** The result of a cell or a trial; undefined until it is finished. */
export function readResult<Result>({ result }: Pick<CellPaths, 'result'>): Result | undefined {
  return readKept<Result>(result);
}

/**
 * What a study wrote as JSON; undefined where it did not yet.
 * @throws LockstepError DATA_INVALID for a file that is damaged
 */
export function readKept<Kept>(path: string): Kept | undefined {
  if (!existsSync(path)) return undefined;
  try {
    return parseJson(readTextSync(path)) as Kept;
  } catch (thrown) {
    if (!(thrown instanceof SyntaxError)) throw thrown;
    throw new LockstepError(
      'DATA_INVALID',
      `Cannot go on with the study: "${path}" is damaged (${thrown.message}).`,
      'Remove that file: what it held is measured again.',
      { cause: thrown },
    );
  }
}
