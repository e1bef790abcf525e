/** The clone's folder. Tests run compiled, from .test/ in it, where package.json is a link. */
import { realpathSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

export const CLONE = dirname(
  realpathSync(fileURLToPath(new URL('../../package.json', import.meta.url))),
);
