/** What tells whether two datasets train the same. */
import { canonicalJson } from '../../core/canonical-json.ts';
import { sha256 } from '../../core/hash.ts';
import type { StoreManifest } from './store.ts';

/** Equal for datasets with the same files and statistics, wherever and under whatever name they were imported. */
export function dataKey({ name: _, provenance: __, folder: ___, ...rest }: StoreManifest): string {
  return sha256(canonicalJson(rest));
}
