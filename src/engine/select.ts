/** Chooses an engine by its name. */
import { existsSync, realpathSync } from 'node:fs';
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
  return existsSync(bindingPath()) ? 'compiled' : 'portable';
}

/** The folder of TensorFlow's wheel, into which set-up has linked the binding; null where there is none. */
export function wheelFolder(): string | null {
  const binding = bindingPath();
  return existsSync(binding) ? join(realpathSync(binding), '..', '..', 'site-packages') : null;
}

/** Where set-up puts the binding between Node and TensorFlow. */
function bindingPath(): string {
  const require = createRequire(import.meta.url);
  const packageFile = require.resolve('@tensorflow/tfjs-node-gpu/package.json');
  return join(packageFile, '..', 'lib', 'napi-v8', 'tfjs_binding.node');
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
