import { spawn } from 'node:child_process';

/** Runs node with these arguments, shows what it prints and returns it. */
export async function capture(
  args: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
  onOutput: (text: string, stop: () => void) => void = () => {},
): Promise<{ readonly code: number; readonly output: string }> {
  const child = spawn(process.execPath, [...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  const take = (chunk: unknown) => {
    output += String(chunk);
    process.stdout.write(String(chunk));
    onOutput(output, () => child.kill('SIGTERM'));
  };
  child.stdout.on('data', take);
  child.stderr.on('data', take);
  return await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code: code ?? 1, output }));
  });
}

/** Runs a command of Lockstep's. @throws Error naming it when it fails */
export async function succeed(args: readonly string[]): Promise<void> {
  const { code } = await capture(['bin/lockstep.js', ...args]);
  if (code !== 0) throw new Error(`lockstep ${args.join(' ')} ended with exit code ${code}.`);
}
