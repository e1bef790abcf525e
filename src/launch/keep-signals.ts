/** Preloaded by the programs that a run starts, before anything else of ours: loading the rest takes long. */
import { createRequire } from 'node:module';
import { keepSignals } from './kept-signals.ts';

keepSignals();
createRequire(import.meta.url)('../../scripts/setup/close-debugger.cjs');
