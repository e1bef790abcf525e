/** The command line: `lockstep <command>`. */
import { reportError } from '../launch/exit.ts';
import { guardOutputs } from '../launch/outputs.ts';
import { runCommandLine } from './parser.ts';

const outputs = guardOutputs();
try {
  await runCommandLine(process.argv.slice(2), process.stdout.columns);
} catch (thrown) {
  process.exitCode = reportError(thrown);
}
await outputs.finish();
