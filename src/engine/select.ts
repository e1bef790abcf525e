/** The engines by name. */
import type { EngineConfig } from '../config/engine-section.ts';
import type { Engine } from './engine.ts';
import { createTensorflowEngine } from './tensorflow/engine.ts';

/** @throws LockstepError ENGINE_UNAVAILABLE */
export function createEngine(config: EngineConfig): Engine {
  switch (config.kind) {
    case 'tensorflow':
      return createTensorflowEngine(config);
  }
}
