#!/usr/bin/env node
// Starts the command line, which is TypeScript and runs through tsx. Itself ES2015 modules, so that an old
// Node can say what it needs.
import fs from 'node:fs';
import nodeVersion from '../scripts/setup/node-version.cjs';

const isThere = (path) => fs.existsSync(new URL(path, import.meta.url));
const isSetUp = isThere('../.engine/engine.json') && isThere('../node_modules/tsx');
const problem =
  nodeVersion.nodeProblem(process.versions.node) ||
  (isSetUp
    ? null
    : 'Lockstep is not set up in this clone: run `npm run setup` in its folder first.');

if (problem) {
  process.stderr.write(`${problem}\n`);
  process.exitCode = 2;
} else {
  void import('tsx/esm/api').then(({ register }) => {
    register();
    return import('../src/cli/main.ts');
  });
}
