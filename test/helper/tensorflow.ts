import { resolveEngineKind } from '../../src/engine/select.ts';

/** Options of a test that needs TensorFlow. */
export const whereTensorflowIs =
  resolveEngineKind('auto') === 'portable' ? { skip: 'TensorFlow is not set up' } : {};
