/** The command line: `lockstep <command>`. */
import { outliveReader } from '../launch/closed-pipe.ts';
import { reportError } from '../launch/exit.ts';
import { runCommandLine } from './parser.ts';

outliveReader(process.stderr);
// A reader that has seen enough (`| head`) is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit();
  throw error;
});

try {
  await runCommandLine(process.argv.slice(2), process.stdout.columns);
} catch (thrown) {
  process.exitCode = reportError(thrown);
}
