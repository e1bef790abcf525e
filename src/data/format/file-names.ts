/** The files of a store. All but the manifest lie in the folder of one version. */
export const MANIFEST_FILE = 'manifest.json';
/** What planning needs: 8 bytes a sequence. */
export const INDEX_FILE = 'index.bin';
/** Every row without its values. */
export const ROWS_FILE = 'index.arrow';
/** The checksums of all files of a version. */
export const CHECKSUM_FILE = 'checksums.bin';
/** The values of format 1. */
export const SINGLE_SHARD = 'sequences.arrow';

/** The file of one shard. */
export const shardFile = (number: number): string =>
  `sequences-${String(number).padStart(5, '0')}.arrow`;

/** The folder of one version of a store's contents. */
export const versionFolder = (number: number): string => `version-${number}`;

/** What `versionFolder` makes. */
export const VERSION_FOLDER = /^version-(\d+)$/;

/** The number of the version whose folder this is; undefined for another name. */
export function versionNumber(name: string): number | undefined {
  const match = VERSION_FOLDER.exec(name);
  return match === null ? undefined : Number(match[1]);
}
