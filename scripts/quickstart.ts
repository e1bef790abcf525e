/** `npm run quickstart`: real files, pretraining against training from scratch, and the answer. */
import { quickstart } from '../src/workflow/quickstart/quickstart.ts';

process.exitCode = await quickstart();
