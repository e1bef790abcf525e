/** Preloaded by the programs that a run starts, before anything else of ours: loading the rest takes long. */
import { keepSignals } from './kept-signals.ts';

keepSignals();
