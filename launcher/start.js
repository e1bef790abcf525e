// Starts the launcher from the build, or says in one line what is missing.
import limits from '../scripts/setup/limits.cjs';
import readiness from '../scripts/setup/readiness.cjs';

const problem = readiness.startProblem();
const limit = problem === null ? limits.limitProblem() : null;
if (limit) {
  process.stderr.write(`${limit}\n`);
  process.exitCode = 5;
} else if (problem) {
  process.stderr.write(`${problem}\n`);
  process.exitCode = 2;
} else {
  void import('../dist/cli/launch/main.js');
}
