/** Trains one cell of the grid in separate processes and measures it. Continues an earlier try. */
import { existsSync, rmSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { listCheckpoints } from '../checkpoint/store.ts';
import { asLockstepError, LockstepError } from '../core/errors.ts';
import { errorOfFailure } from '../core/failure.ts';
import { removeQuietly } from '../core/remove-quietly.ts';
import { writeWhole } from '../core/write-whole.ts';
import { loadedExtensions, referencesTo } from '../extension/loaded.ts';
import type { Device } from '../launch/device.ts';
import { startEngineProgram } from '../launch/engine-process.ts';
import { runPaths } from '../run/folder.ts';
import { meanOf } from '../statistics/mean.ts';
import type { Merit } from '../workflow/predict/task-report.ts';
import { resume } from '../workflow/train/resume.ts';
import { killWhenStopped, type StopRequests } from '../workflow/train/stop-requests.ts';
import { train } from '../workflow/train/train.ts';
import { type Cell, type CellResult, cellName, type TrialResult } from './cell.ts';
import type { CellMeasurement, MeasureLine, MeasureRequest } from './measure-worker.ts';
import { cellPaths, type StudyFolder } from './study-folder.ts';
import { studyStopped } from './study-stopped.ts';
import { validationOf } from './validation.ts';

const MEASURE_WORKER = new URL('./measure-worker.ts', import.meta.url);

/** What a cell runs with. */
export interface CellResources {
  readonly folder: StudyFolder;
  readonly device: Device;
  readonly crop: number | undefined;
  readonly stop: StopRequests;
  /** Gets the output of the process that measures, line by line. */
  readonly onLine: (line: string) => void;
}

/**
 * Runs a cell.
 * @throws LockstepError INTERRUPTED or TERMINATED when a signal stopped the run, which is saved; otherwise the error
 *   of the run
 */
export async function runCell(cell: Cell, resources: CellResources): Promise<CellResult> {
  const paths = cellPaths(resources.folder, cell.key);
  const started = performance.now();
  await trainCell(cell, paths.run, resources);
  const { testSequences, phases } = await measure(cell, paths.run, resources);
  const [{ name: merit, metric }] = phases as [Merit];
  const { pretexts, byPhase } = validationOf(runPaths(paths.run).metrics, metric);
  const result: CellResult = {
    key: cell.key,
    merit,
    seconds: Math.round((performance.now() - started) / 1000),
    pretexts,
    testSequences,
    measured: cell.measured.map((phase, index) => {
      const { value, byLengthQuartile, hits, calibrationError } = phases[index]!;
      return {
        ...phase,
        validation: byPhase.get(phase.phase)!,
        test: {
          value,
          byLengthQuartile,
          ...(calibrationError !== undefined && { calibrationError }),
        },
        ...(hits !== undefined && { hits }),
      };
    }),
  };
  writeWhole(paths.result, `${JSON.stringify(result, null, 2)}\n`);
  return result;
}

/**
 * Runs a trial: its training, seen on validation data. Its weights are not kept.
 * @param metric by which models are compared, in the words of training
 * @throws LockstepError as `runCell`
 */
export async function runTrial(
  cell: Cell,
  metric: string,
  resources: CellResources,
): Promise<TrialResult> {
  const paths = cellPaths(resources.folder, cell.key);
  const started = performance.now();
  await trainCell(cell, paths.run, resources);
  const { pretexts, byPhase } = validationOf(runPaths(paths.run).metrics, metric);
  const result: TrialResult = {
    key: cell.key,
    seconds: (performance.now() - started) / 1000,
    score: meanOf(cell.measured.map(({ phase }) => byPhase.get(phase)!)),
    pretexts,
  };
  writeWhole(paths.result, `${JSON.stringify(result, null, 2)}\n`);
  await removeQuietly(paths.run);
  return result;
}

async function trainCell(cell: Cell, run: string, resources: CellResources): Promise<void> {
  const { device, stop } = resources;
  const options = { ...(device.kind === 'gpu' && { gpus: [device.id] }), ...stop, runFolder: run };
  const canGoOn = (await listCheckpoints(runPaths(run).checkpoints)).length > 0;
  if (!canGoOn) rmSync(run, { recursive: true, force: true });
  try {
    const going = canGoOn ? resume(options) : train({ ...options, config: cell.config });
    if ((await going).status === 'completed') return;
  } catch (thrown) {
    if (!stop.signal?.aborted) throw failed(cell, run, asLockstepError(thrown));
  }
  throw studyStopped(stop);
}

async function measure(
  cell: Cell,
  run: string,
  { device, crop, stop, onLine }: CellResources,
): Promise<CellMeasurement> {
  const { engine } = cell.config;
  const phases = cell.measured.map(({ phase }) => phase);
  const extensions = referencesTo(loadedExtensions());
  const request: MeasureRequest = { run, phases, crop, extensions };
  const place = { device, engine, runFolder: run, onLine };
  const child = startEngineProgram(MEASURE_WORKER, [JSON.stringify(request)], place);
  const forget = killWhenStopped(child, stop);
  const output = await text(child.stdout).finally(forget);
  if (output === '') throw stop.signal?.aborted ? studyStopped(stop) : unmeasured(cell);
  const line = JSON.parse(output) as MeasureLine;
  if ('failure' in line) throw errorOfFailure(line.failure);
  return line;
}

function unmeasured({ key }: Cell): LockstepError {
  return new LockstepError(
    'WORKER_LOST',
    `The process that measures ${cellName(key)} ended without a result.`,
    'Give the same command again; with less memory in use, or with fewer workers.',
  );
}

function failed({ key }: Cell, run: string, error: LockstepError): LockstepError {
  const { code, message, advice } = error;
  const { logs } = runPaths(run);
  const where = existsSync(logs) ? ` Its logs are in "${logs}".` : '';
  const text = `The run ${cellName(key)} failed: ${message}`;
  return new LockstepError(code, text, `${advice}${where}`, { cause: error });
}
