import { readFileSync } from 'node:fs';

const packageFile = new URL('../../package.json', import.meta.url);

/** Lockstep's own version, as package.json has it. */
export const LOCKSTEP_VERSION = (
  JSON.parse(readFileSync(packageFile, 'utf8')) as { version: string }
).version;
