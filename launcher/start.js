// Starts launch.ts through tsx. Itself plain JavaScript, so that an old Node or a clone that was never set up
// gets one line.
import fs from 'node:fs';
import nodeVersion from '../scripts/setup/node-version.cjs';

const isSetUp = fs.existsSync(new URL('../node_modules/tsx', import.meta.url));
const problem =
  nodeVersion.nodeProblem(process.versions.node) ||
  (isSetUp ? null : 'Lockstep is not set up in this clone: run `npm run setup` in its folder.');

if (problem) {
  process.stderr.write(`${problem}\n`);
  process.exitCode = 2;
} else {
  void import('tsx/esm/api').then(({ register }) => {
    register();
    return import('../src/cli/launch/main.ts');
  });
}
