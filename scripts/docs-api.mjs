/**
 * `npm run docs:api`: the public library's reference, from the docstrings that src/index.ts leads to, as web pages
 * in docs/api. A warning (a type that is used but not exported, a link to nothing) is an error. typedoc needs
 * TypeScript's older compiler, so both are installed beside the engine, where the build does not see them.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ENGINE, ROOT } from './setup/paths.mjs';

const VERSIONS = { typedoc: '0.28.20', typescript: '6.0.3' };
const FOLDER = join(ENGINE, `typedoc-${VERSIONS.typedoc}`);
const TYPEDOC = join(FOLDER, 'node_modules/typedoc/bin/typedoc');

function run(command, args, cwd) {
  const { status, error } = spawnSync(command, args, { cwd, stdio: 'inherit' });
  if (error) throw error;
  if (status !== 0) process.exit(status ?? 1);
}

if (!existsSync(TYPEDOC)) {
  mkdirSync(FOLDER, { recursive: true });
  writeFileSync(join(FOLDER, 'package.json'), JSON.stringify({ dependencies: VERSIONS }));
  run('npm', ['install', '--silent', '--ignore-scripts', '--no-audit', '--no-fund'], FOLDER);
}
run(process.execPath, [TYPEDOC, ...process.argv.slice(2)], ROOT);
