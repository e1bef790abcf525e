/**
 * Commands that compute in their own process need TensorFlow's environment before the process starts. So the
 * first process starts itself again with that environment, and passes output and signals through.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import type { EngineConfig } from '../config/engine-section.ts';
import { cpuDevices, type Device, gpuDevices } from './device.ts';
import { inheritedEnvironment, workerEnvironment } from './environment.ts';
import { exitCodeOfChild } from './exit.ts';
import { passSignalsTo } from './process-signals.ts';
import { startProgram } from './program.ts';

/** Set in the second process. */
const MARKER = 'LOCKSTEP_ENGINE_PROCESS';

/** What TensorFlow prints at every start, at any log level. */
const TENSORFLOW_NOISE = /^WARNING: All log messages before absl|^I0000 .*port\.cc.*oneDNN/;

/**
 * Runs `compute` in a process with the engine's environment.
 * @param gpu the GPU that it sees, by nvidia-smi's number; CPU only when absent
 * @returns the exit code
 * @throws LockstepError DEVICE_ABSENT
 */
export async function inEngineProcess(
  engine: EngineConfig,
  gpu: string | undefined,
  compute: () => Promise<number>,
): Promise<number> {
  if (process.env[MARKER] === '1') return await compute();
  const [device] = gpu === undefined ? cpuDevices(1) : gpuDevices(gpu);
  const environment = workerEnvironment({
    device: device!,
    engine,
    seat: {},
    runFolder: '',
  });
  return await shadow({ ...inheritedEnvironment(process.env), ...environment, [MARKER]: '1' });
}

export interface EnginePlace {
  readonly device: Device;
  readonly engine: EngineConfig;
  readonly runFolder: string;
  /** Gets each line that it prints on stderr. */
  readonly onLine: (line: string) => void;
}

/**
 * Starts another program of ours with the engine's environment. What it prints on stdout is the caller's business.
 * @param stdin `pipe` for a program that ends when nobody is there any more
 */
export function startEngineProgram(
  program: URL,
  args: readonly string[],
  place: EnginePlace,
  stdin: 'ignore' | 'pipe' = 'ignore',
): ChildProcess & { readonly stdout: Readable } {
  const child = startProgram(program, args, {
    env: { ...inheritedEnvironment(process.env), ...workerEnvironment({ ...place, seat: {} }) },
    stdio: [stdin, 'pipe', 'pipe'],
  });
  readStderr(child, place.onLine);
  return child as ChildProcess & { stdout: Readable };
}

/** Starts this command line again, and passes its output and its exit code through. */
async function shadow(env: NodeJS.ProcessEnv): Promise<number> {
  const child = spawn(process.execPath, [...process.execArgv, ...process.argv.slice(1)], {
    env,
    stdio: ['inherit', 'inherit', 'pipe'],
  });
  passSignalsTo(child);
  readStderr(child, (line) => void process.stderr.write(`${line}\n`));
  return await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      resolve(exitCodeOfChild(code, signal));
    });
  });
}

/** Each line of a child's stderr, without what TensorFlow prints at every start. */
export function readStderr(child: ChildProcess, onLine: (line: string) => void): void {
  createInterface({ input: child.stderr! }).on('line', (line) => {
    if (!TENSORFLOW_NOISE.test(line)) onLine(line);
  });
}
