/** Trains one cell of the grid in processes of its own and measures it; goes on where an earlier try stopped. */
import { spawn } from 'node:child_process';
import { openSync, readFileSync, rmSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { listCheckpoints } from '../../checkpoint/store.ts';
import { resolvedConfigToYaml } from '../../config/load.ts';
import { EXIT, LockstepError } from '../../core/errors.ts';
import { errorOfFailure, failure } from '../../core/failure.ts';
import type { Device } from '../../launch/device.ts';
import { startEngineProgram } from '../../launch/engine-process.ts';
import { runPaths } from '../../run/folder.ts';
import type { ClassificationReport } from '../predict/classification-report.ts';
import { type Cell, type CellResult, cellName } from './cell.ts';
import type { Children } from './children.ts';
import type { MeasureLine, MeasureRequest } from './measure-worker.ts';
import { type CellPaths, cellPaths, type StudyFolder, writeWhole } from './study-folder.ts';
import { validationOf } from './validation.ts';

const COMMAND_LINE = fileURLToPath(new URL('../../../bin/lockstep.js', import.meta.url));
const MEASURE_WORKER = fileURLToPath(new URL('./measure-worker.ts', import.meta.url));
const SAVED: readonly number[] = [EXIT.interrupted, EXIT.terminated, EXIT.requeue];

export interface CellResources {
  readonly folder: StudyFolder;
  readonly device: Device;
  readonly crop: number | undefined;
  /** Processes that a signal must reach. */
  readonly children: Children;
}

/**
 * @throws LockstepError INTERRUPTED or TERMINATED when a signal stopped the run (it is saved), what the run
 *   failed of otherwise
 */
export async function runCell(cell: Cell, resources: CellResources): Promise<CellResult> {
  const paths = cellPaths(resources.folder, cell.key);
  const started = performance.now();
  await train(cell, paths, resources);
  const reports = await measure(cell, paths, resources);
  const { pretext, byPhase } = validationOf(runPaths(paths.run).metrics);
  const result: CellResult = {
    key: cell.key,
    seconds: Math.round((performance.now() - started) / 1000),
    ...(pretext && { pretext }),
    measured: cell.measured.map((phase, index) => ({
      ...phase,
      validation: byPhase.get(phase.phase)!,
      test: testResult(reports[index]!),
    })),
  };
  writeWhole(paths.result, `${JSON.stringify(result, null, 2)}\n`);
  return result;
}

async function train(
  cell: Cell,
  paths: CellPaths,
  { device, children }: CellResources,
): Promise<void> {
  writeWhole(paths.config, resolvedConfigToYaml(cell.config));
  const canGoOn = (await listCheckpoints(runPaths(paths.run).checkpoints)).length > 0;
  if (!canGoOn) rmSync(paths.run, { recursive: true, force: true });
  const command = canGoOn ? ['resume', paths.run] : ['train', paths.config, '--run', paths.run];
  const where = device.kind === 'gpu' ? ['--gpus', device.id] : ['--workers', '1'];
  const log = openSync(paths.log, 'a');
  const child = spawn(process.execPath, [COMMAND_LINE, ...command, ...where], {
    stdio: ['ignore', log, log],
  });
  const code = await children.ended(child);
  if (code === 0) return;
  if (SAVED.includes(code)) throw children.stopped();
  throw failed(cell, paths, code);
}

async function measure(
  cell: Cell,
  { run }: CellPaths,
  { device, crop, children }: CellResources,
): Promise<readonly ClassificationReport[]> {
  const { engine } = cell.config;
  const phases = cell.measured.map(({ phase }) => phase);
  const request: MeasureRequest = { run, phases, crop };
  const onLine = (line: string) => void process.stderr.write(`${line}\n`);
  const place = { device, engine, runFolder: run, onLine };
  const child = startEngineProgram(MEASURE_WORKER, [JSON.stringify(request)], place);
  const [output, code] = await Promise.all([text(child.stdout), children.ended(child)]);
  if (output === '') throw children.stoppedBy ? children.stopped() : unmeasured(cell, code);
  const line = JSON.parse(output) as MeasureLine;
  if ('failure' in line) throw errorOfFailure(line.failure);
  return line.reports;
}

const testResult = ({ accuracy, balancedAccuracy, byLengthQuartile }: ClassificationReport) => ({
  accuracy,
  balancedAccuracy,
  byLengthQuartile: byLengthQuartile.map(({ shortest, longest, accuracy }) => ({
    shortest,
    longest,
    accuracy,
  })),
});

function unmeasured({ key }: Cell, code: number): LockstepError {
  return new LockstepError(
    'WORKER_LOST',
    `The process that measures ${cellName(key)} ended with exit code ${code} and no result.`,
    'Give the same command again; with less memory in use, or with fewer workers.',
  );
}

/** The run has said on its log what was wrong. */
function failed({ key }: Cell, { log }: CellPaths, code: number): LockstepError {
  const lines = readFileSync(log, 'utf8').trimEnd().split('\n');
  const reason = lines.findLast((line) => /^[A-Z][A-Z_]+: /.test(line)) ?? lines.at(-1) ?? '';
  const [, errorCode = '', sentence = reason] = /^([A-Z_]+): (.*)$/.exec(reason) ?? [];
  return errorOfFailure(
    failure(
      errorCode,
      `The run ${cellName(key)} failed with exit code ${code}: ${sentence}`,
      `Its log is ${log}.`,
    ),
  );
}
