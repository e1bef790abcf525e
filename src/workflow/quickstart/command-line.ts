/** Runs the command line from a script. */
import { COMMAND_LINE, startProgram } from '../../launch/program.ts';

/** With this terminal. @returns its exit code */
export async function lockstep(args: readonly string[]): Promise<number> {
  const child = startProgram(COMMAND_LINE, args, { stdio: 'inherit' });
  // Ctrl-C reaches the command line too, which saves and ends; this process waits for it.
  process.on('SIGINT', () => {});
  process.on('SIGTERM', (signal) => child.kill(signal));
  return await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? 1));
  });
}

/** What a command prints. @throws when it fails; its own line is on stderr */
export async function lockstepOutput(args: readonly string[]): Promise<string> {
  const child = startProgram(COMMAND_LINE, args, {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout!.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  return await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0) resolve(output);
      else reject(new Error(`lockstep ${args.join(' ')} ended with exit code ${code}`));
    });
  });
}

export function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
