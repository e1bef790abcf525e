/** What tells whether a source is the one that was read before. */
import { createHash } from 'node:crypto';
import { readdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { canonicalJson } from '../core/canonical-json.ts';
import { LOCKSTEP_VERSION } from '../core/version.ts';
import type { ChosenSource } from './import-source.ts';

/** Paths, sizes and times of all files, the importer and its options, as a hash. */
export function sourceIdentity({ importer, options, sources }: ChosenSource): string {
  const hash = createHash('sha256');
  hash.update(canonicalJson({ version: LOCKSTEP_VERSION, kind: importer.kind, options, sources }));
  for (const { path } of sources) {
    for (const file of filesBelow(resolve(path))) {
      const { size, mtimeMs } = statSync(file);
      hash.update(`\n${JSON.stringify([file, size, mtimeMs])}`);
    }
  }
  return hash.digest('hex');
}

/** Bytes of all files. */
export function sizeOfSource({ sources }: ChosenSource): number {
  const files = sources.flatMap(({ path }) => filesBelow(resolve(path)));
  return files.reduce((sum, file) => sum + statSync(file).size, 0);
}

function filesBelow(path: string): string[] {
  if (!statSync(path).isDirectory()) return [path];
  const entries = readdirSync(path, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() || entry.isSymbolicLink());
  return files
    .map(({ parentPath, name }) => join(parentPath, name))
    .filter((file) => statSync(file, { throwIfNoEntry: false })?.isFile())
    .sort();
}
