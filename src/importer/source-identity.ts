/** What tells whether a source is the one that was read before. */
import { createHash } from 'node:crypto';
import { readdirSync, type Stats, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { canonicalJson } from '../core/canonical-json.ts';
import { systemErrorCode } from '../core/system-error.ts';
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

/** What cannot be looked at is none: its importer says why, or counts it. */
function filesBelow(path: string): string[] {
  const facts = factsOf(path);
  if (facts?.isFile()) return [path];
  if (!facts?.isDirectory()) return [];
  return readdirSync(path, { withFileTypes: true })
    .flatMap((entry) => {
      const inner = join(path, entry.name);
      // A link to a folder is not followed.
      if (entry.isSymbolicLink()) return factsOf(inner)?.isFile() ? [inner] : [];
      return entry.isFile() || entry.isDirectory() ? filesBelow(inner) : [];
    })
    .sort();
}

function factsOf(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch (thrown) {
    if (systemErrorCode(thrown) === undefined) throw thrown;
    return undefined;
  }
}
