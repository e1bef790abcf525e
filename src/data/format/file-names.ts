/** The three files of a store. */
export const MANIFEST_FILE = 'manifest.json';
export const SEQUENCES_FILE = 'sequences.arrow';
export const INDEX_FILE = 'index.arrow';
