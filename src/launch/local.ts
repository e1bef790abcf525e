/** Starts worker processes on this host, one for each device, with their output in files. */
import type { ChildProcess } from 'node:child_process';
import { join, resolve } from 'node:path';
import { asLockstepError } from '../core/errors.ts';
import type { Device } from './device.ts';
import { type EnvironmentOptions, inheritedEnvironment, workerEnvironment } from './environment.ts';
import { lastLineOf } from './last-line.ts';
import { oomKills } from './oom-kills.ts';
import { withOutputFile } from './output-file.ts';
import { processState } from './process-state.ts';
import { startProgram } from './program.ts';

/** What to start, and where. */
export interface LocalLaunchOptions {
  /** The worker in slot `firstSlot` + i gets device i. */
  readonly devices: readonly Device[];
  /** Slots before it are those of other hosts. @default 0 */
  readonly firstSlot?: number;
  readonly engine: EnvironmentOptions['engine'];
  readonly runFolder: string;
  /** The program that a worker runs, as `startProgram` takes it. */
  readonly entry: URL;
  /** Arguments after the entry. */
  readonly args?: readonly string[];
}

/** What the coordinator passes to the worker in one slot. */
interface Seat {
  readonly slot: number;
  readonly environment: Readonly<Record<string, string>>;
}

interface ExitStatus {
  readonly code: number | null;
  readonly signal: string | null;
  /** The last line that the process printed; '' if none. */
  readonly lastLine: string;
  /** The kernel killed it because the memory of the container or machine was used up. */
  readonly outOfMemory?: boolean;
  /** What the process did when this launcher sent SIGKILL. */
  readonly stateWhenKilled?: 'running' | 'stopped' | undefined;
}

interface LocalWorker {
  readonly slot: number;
  kill(signal: NodeJS.Signals): void;
}

interface LaunchWatch {
  onSpawn(slot: number, pid: number): void;
  onExit(slot: number, status: ExitStatus): void;
}

/** A function that starts one process for each seat, and reports its pid and how it ended. */
export function localLaunch(options: LocalLaunchOptions) {
  return (seats: readonly Seat[], watch: LaunchWatch): LocalWorker[] =>
    seats.map((seat) => startWorker(options, seat, watch));
}

function startWorker(options: LocalLaunchOptions, seat: Seat, watch: LaunchWatch): LocalWorker {
  const { slot } = seat;
  const logPath = outputPath(options.runFolder, slot);
  const child = spawnInto(logPath, options, environmentOf(options, seat));
  let hasEnded = false;
  let stateWhenKilled: ExitStatus['stateWhenKilled'];
  const end = (status: ExitStatus): void => {
    if (!hasEnded) watch.onExit(slot, status);
    hasEnded = true;
  };
  // A failed spawn has no pid and no 'exit'; 'error' gives the reason.
  child.on('error', (error) => {
    if (child.pid !== undefined) return;
    end({ code: null, signal: null, lastLine: asLockstepError(error).toLine() });
  });
  const oomKillsBefore = oomKills();
  child.once('exit', (code, signal) => {
    const isKilled = signal === 'SIGKILL' && stateWhenKilled === undefined;
    const outOfMemory = isKilled && oomKills() > oomKillsBefore;
    end({ code, signal, lastLine: lastLineOf(logPath), outOfMemory, stateWhenKilled });
  });
  const { pid } = child;
  if (pid !== undefined) watch.onSpawn(slot, pid);
  const kill = (signal: NodeJS.Signals): void => {
    if (signal === 'SIGKILL' && pid !== undefined) stateWhenKilled ??= processState(pid);
    child.kill(signal);
  };
  return { slot, kill };
}

/** The environment of the worker of `seat`, besides what it inherits. */
export function environmentOf(options: LocalLaunchOptions, seat: Seat): Record<string, string> {
  const { devices, firstSlot = 0, engine, runFolder } = options;
  const device = devices[seat.slot - firstSlot]!;
  // Absolute: with a relative path, Node 20's recursive mkdir never ends once the current folder is deleted.
  const folder = resolve(runFolder);
  return workerEnvironment({ device, engine, runFolder: folder, seat: seat.environment });
}

/** The file with the raw output of the worker in `slot`. */
function outputPath(runFolder: string, slot: number): string {
  return join(runFolder, 'logs', `worker-${slot}.out`);
}

function spawnInto(
  logPath: string,
  { entry, args = [] }: LocalLaunchOptions,
  environment: Record<string, string>,
): ChildProcess {
  const env = { ...inheritedEnvironment(process.env), ...environment };
  return withOutputFile(logPath, (output) =>
    startProgram(entry, args, { env, stdio: ['ignore', output, output] }, 'wait'),
  );
}
