// Starts the launcher from the build, or says in one line what is missing.
import readiness from '../scripts/setup/readiness.cjs';

const problem = readiness.startProblem();
if (problem) {
  process.stderr.write(`${problem}\n`);
  process.exitCode = 2;
} else {
  void import('../dist/cli/launch/main.js');
}
