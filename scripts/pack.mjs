/**
 * Around `npm pack`: the package carries its own copy of tfjs-node-gpu. As a dependency that package would run an
 * installer which fetches an old TensorFlow and ends `npm install` where its host is blocked; `lockstep setup`
 * provides the engine instead. Node finds the copy from dist/ before any other.
 */
import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { build, isBuilt } from './setup/build.mjs';
import { ROOT } from './setup/paths.mjs';

const NAME = '@tensorflow/tfjs-node-gpu';
const COPIES = join(ROOT, 'dist/node_modules');

if (process.argv[2] === 'before') {
  if (!isBuilt()) build();
  for (const part of ['README.md', 'package.json', 'binding', 'dist']) {
    cpSync(join(ROOT, 'node_modules', NAME, part), join(COPIES, NAME, part), { recursive: true });
  }
} else {
  rmSync(COPIES, { recursive: true, force: true });
}
