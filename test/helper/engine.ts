/** The engine that a test computes with: one a process, since tfjs has one backend at a time. */
import type { EngineConfig } from '../../src/config/engine-section.ts';
import type { Engine } from '../../src/engine/engine.ts';
import { createEngine } from '../../src/engine/select.ts';

const kind = (process.env.LOCKSTEP_TEST_ENGINE ?? 'auto') as EngineConfig['kind'];

/** What is set up, or what LOCKSTEP_TEST_ENGINE names. */
export const testEngine: Engine = await createEngine({
  kind,
  threadsPerWorker: 1,
  numerics: 'strict',
});
