/** Items at the start of a source that the caller has already; an importer may pass over them without reading them. */
export interface KnownItems {
  /** How many are still to come. */
  left: number;
}

/** Counts one item if it is known. */
export function passOver(known: KnownItems | undefined): boolean {
  if (known === undefined || known.left === 0) return false;
  known.left--;
  return true;
}
