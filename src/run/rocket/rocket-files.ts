import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** The weights of a rocket, in the folder of its run. */
export const ROCKET_FILE = 'rocket.safetensors';

/** Whether a folder is the run of a rocket. */
export const isRocketRun = (path: string): boolean => existsSync(join(path, ROCKET_FILE));
