/** Runs programs of the benchmark, each in a process of its own. */
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { LockstepError } from '../../core/errors.ts';
import { COMMAND_LINE, startProgram } from '../../launch/program.ts';

/** Runs a program of ours with a request, and returns what it prints, as JSON. @throws LockstepError UNEXPECTED */
export async function askProgram<Answer>(program: URL, request: unknown): Promise<Answer> {
  const child = startProgram(program, [JSON.stringify(request)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return JSON.parse(await outputOf(child)) as Answer;
}

/** Runs a command of Lockstep. @throws LockstepError UNEXPECTED */
export async function runLockstep(args: readonly string[]): Promise<void> {
  await outputOf(startProgram(COMMAND_LINE, args, { stdio: ['ignore', 'pipe', 'pipe'] }));
}

/** Runs a Python program, and returns the JSON that it prints; undefined without Python, or where it lacks a module. */
export async function askPython<Answer>(
  python: string | undefined,
  args: readonly string[],
): Promise<Answer | undefined> {
  if (python === undefined) return undefined;
  const env = { ...process.env, OMP_NUM_THREADS: '1', MKL_NUM_THREADS: '1' };
  const child = spawn(python, args, { stdio: ['ignore', 'pipe', 'pipe'], env });
  const text = await outputOf(child, 3);
  return text === '' ? undefined : (JSON.parse(text) as Answer);
}

/** @param absent an exit code that means: nothing to say */
async function outputOf(child: ChildProcess, absent = 0): Promise<string> {
  let [output, errors] = ['', ''];
  child.stdout!.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  child.stderr!.on('data', (chunk: Buffer) => {
    errors += chunk.toString();
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (code === 0) return output;
  if (code === absent) return '';
  throw new LockstepError(
    'UNEXPECTED',
    `A program of the benchmark ended with exit code ${code}: ${errors.trimEnd().split('\n').at(-1)}`,
    'What was wrong stands there.',
  );
}
