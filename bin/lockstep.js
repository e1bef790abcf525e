#!/usr/bin/env node
// Starts the command line, which is TypeScript and runs through tsx.
import { existsSync } from 'node:fs';
import nodeVersion from '../scripts/setup/node-version.cjs';

const proof = new URL('../.engine/engine.json', import.meta.url);
const problem =
  nodeVersion.nodeProblem(process.versions.node) ??
  (existsSync(proof) && existsSync(new URL('../node_modules/tsx', import.meta.url))
    ? null
    : 'Lockstep is not set up in this clone yet: run `npm run setup` in its folder first.');

if (problem) {
  process.stderr.write(`${problem}\n`);
  process.exitCode = 2;
} else {
  const { register } = await import('tsx/esm/api');
  register();
  await import('../src/cli/main.ts');
}
