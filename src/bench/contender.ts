/** A process that answers timing requests: one line of JSON each way. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { EngineChoice } from '../config/engine-section.ts';
import { LockstepError } from '../core/errors.ts';
import { cpuDevices, type Device } from '../launch/device.ts';
import { readStderr } from '../launch/engine-process.ts';
import { inheritedEnvironment, workerEnvironment } from '../launch/environment.ts';
import { programCommand } from '../launch/program.ts';

/** A Python program of the benchmarks, as Python takes it. */
export const pythonProgram = (name: string): string =>
  fileURLToPath(new URL(name, import.meta.url));

const STEP_WORKER = new URL('./step-worker.ts', import.meta.url);

/** A running contender. */
export interface Contender {
  readonly name: string;
  ask<Answer>(request: unknown): Promise<Answer>;
  close(): void;
}

/**
 * Starts a contender.
 * @param engine its engine; PyTorch uses only the number of threads
 * @param onLine gets each line that it prints on stderr
 */
export function startContender(
  name: string,
  command: readonly string[],
  engine: Omit<EngineChoice, 'kind'>,
  device: Device = cpuDevices(1)[0]!,
  onLine: (line: string) => void = () => {},
): Contender {
  const environment = workerEnvironment({
    device,
    engine,
    seat: {},
    runFolder: '',
  });
  const child = spawn(command[0]!, command.slice(1), {
    env: { ...inheritedEnvironment(process.env), ...environment },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const errors: string[] = [];
  readStderr(child, (line) => {
    errors.push(line);
    onLine(line);
  });
  const failure = new Promise<never>((_, reject) => {
    child.once('error', (error) => reject(absent(name, error)));
    child.once('close', (code) => reject(gone(name, code, lastWordsOf(errors))));
  });
  // Avoids an unhandled rejection: only a pending request reports the failure.
  failure.catch(() => {});
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    name,
    ask: async <Answer>(request: unknown) => {
      child.stdin.write(`${JSON.stringify(request)}\n`);
      const { value } = (await Promise.race([lines.next(), failure])) as { value?: string };
      if (value === undefined) return await failure;
      return JSON.parse(value) as Answer;
    },
    close: () => child.kill(),
  };
}

/** One of Lockstep's engines as a contender. */
export function startEngine(name: string, engine: EngineChoice): Contender {
  const command = [...programCommand(STEP_WORKER), JSON.stringify(engine)];
  return startContender(name, command, engine);
}

function absent(name: string, error: Error): LockstepError {
  return new LockstepError(
    'UNEXPECTED',
    `The contender "${name}" cannot be started: ${error.message}.`,
    'Give --peer the path of a Python that can import torch.',
  );
}

/** The line that names the error; Node and Python print more lines around it. */
function lastWordsOf(lines: readonly string[]): string | undefined {
  return lines.findLast((line) => /error/i.test(line)) ?? lines.at(-1);
}

function gone(name: string, code: number | null, lastWords: string | undefined): LockstepError {
  return new LockstepError(
    'UNEXPECTED',
    `The contender "${name}" ended with exit code ${code}${lastWords === undefined ? '' : `: ${lastWords}`}.`,
    name.startsWith('PyTorch')
      ? 'Give --peer a Python that can import torch (torch.compile needs a C++ compiler as well).'
      : 'Run `npm run ok` to see whether TensorFlow works here.',
  );
}
