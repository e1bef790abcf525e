/** Where a study and its runs are. */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeFailure } from '../../core/file-error.ts';
import { type CellKey, type CellResult, cellName } from './cell.ts';

export interface StudyFolder {
  readonly path: string;
  /** The configuration that the grid follows from. */
  readonly config: string;
  readonly markdown: string;
  readonly page: string;
}

export interface CellPaths {
  /** The run's folder. */
  readonly run: string;
  /** There when the cell is done. */
  readonly result: string;
}

export function studyFolder(path: string): StudyFolder {
  return {
    path,
    config: join(path, 'study.yaml'),
    markdown: join(path, 'study.md'),
    page: join(path, 'study.html'),
  };
}

export function cellPaths({ path }: StudyFolder, key: CellKey): CellPaths {
  const name = cellName(key);
  return {
    run: join(path, 'runs', name),
    result: join(path, 'cells', `${name}.json`),
  };
}

/** @throws LockstepError USAGE, OUT_OF_RESOURCES */
export function makeStudyFolder(folder: StudyFolder): void {
  writing(folder.path, () => mkdirSync(join(folder.path, 'cells'), { recursive: true }));
}

/** What a finished cell gave; undefined for one that is not finished. */
export function readResult({ result }: CellPaths): CellResult | undefined {
  if (!existsSync(result)) return undefined;
  return JSON.parse(readFileSync(result, 'utf8')) as CellResult;
}

/**
 * Writes a file so that it is there whole or not at all.
 * @throws LockstepError USAGE, OUT_OF_RESOURCES
 */
export function writeWhole(path: string, text: string): void {
  writing(path, () => {
    writeFileSync(`${path}.tmp`, text);
    renameSync(`${path}.tmp`, path);
  });
}

function writing(path: string, write: () => void): void {
  try {
    write();
  } catch (thrown) {
    throw writeFailure(thrown, path, 0);
  }
}
