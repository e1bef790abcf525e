/** The engines by name. */
import type { EngineConfig } from '../config/engine-section.ts';
import type { Engine } from './engine.ts';
import { createPortableEngine } from './portable/engine.ts';
import { createTensorflowEngine } from './tensorflow/engine.ts';

/** @throws LockstepError ENGINE_UNAVAILABLE */
export async function createEngine(config: EngineConfig): Promise<Engine> {
  switch (config.kind) {
    case 'tensorflow':
      return createTensorflowEngine(config);
    case 'portable':
      return await createPortableEngine(config);
  }
}
