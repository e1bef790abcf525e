/**
 * Answers command lines one after the other in one process, for tests of many answers: each message is a command line's
 * arguments, each reply how it ended. Ends when its parent lets go of it.
 */
import { join } from 'node:path';
import { CLONE } from './clone.ts';
import type { Ended } from './command-line.ts';

/** From the build, as the command itself. */
const dist = async <Module>(file: string): Promise<Module> =>
  await import(join(CLONE, 'dist', file));
const { reportError } = await dist<typeof import('../../src/launch/exit.ts')>('launch/exit.js');
const { runCommandLine } = await dist<typeof import('../../src/cli/parser.ts')>('cli/parser.js');

async function answer(args: readonly string[]): Promise<Ended> {
  const streams = [process.stdout, process.stderr] as const;
  const texts = ['', ''];
  const writes = streams.map((stream) => stream.write);
  streams.forEach((stream, index) => {
    stream.write = (part: string | Uint8Array) => {
      texts[index] += String(part);
      return true;
    };
  });
  process.exitCode = 0;
  try {
    await runCommandLine(args).catch((thrown) => {
      process.exitCode = reportError(thrown);
    });
  } finally {
    streams.forEach((stream, index) => {
      stream.write = writes[index]!;
    });
  }
  return { code: Number(process.exitCode), stdout: texts[0]!, stderr: texts[1]! };
}

process.on('message', async (args: readonly string[]) => process.send!(await answer(args)));
