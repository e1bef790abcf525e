/** Chooses an engine by its name. */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { EngineChoice } from '../config/engine-section.ts';
import type { Engine } from './engine.ts';
import { createPortableEngine } from './portable/engine.ts';
import { createTensorflowEngine } from './tensorflow/engine.ts';

/** The engines that exist. */
export type EngineKind = Exclude<EngineChoice['kind'], 'auto'>;

/** The engine that `auto` means on this machine. */
export function resolveEngineKind(kind: EngineChoice['kind']): EngineKind {
  if (kind !== 'auto') return kind;
  return tensorflowIsSetUp() ? 'compiled' : 'portable';
}

/** Whether set-up has compiled tfjs-node-gpu's binding into its package. */
function tensorflowIsSetUp(): boolean {
  const require = createRequire(import.meta.url);
  const packageFile = require.resolve('@tensorflow/tfjs-node-gpu/package.json');
  return existsSync(join(packageFile, '..', 'lib', 'napi-v8', 'tfjs_binding.node'));
}

/**
 * Loads the engine of a configuration.
 * @throws LockstepError ENGINE_UNAVAILABLE
 */
export async function createEngine(config: EngineChoice): Promise<Engine> {
  const kind = resolveEngineKind(config.kind);
  switch (kind) {
    case 'eager':
    case 'compiled':
      return createTensorflowEngine(config, kind);
    case 'portable':
      return await createPortableEngine(config);
  }
}
