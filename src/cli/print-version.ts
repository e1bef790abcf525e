/** `lockstep --version`, without loading any command. */
import { LOCKSTEP_VERSION } from '../core/version.ts';
import { guardOutputs } from '../launch/outputs.ts';

const outputs = guardOutputs();
process.stdout.write(`${LOCKSTEP_VERSION}\n`);
await outputs.finish();
