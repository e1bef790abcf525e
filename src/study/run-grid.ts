/** Runs the cells of a grid, several at a time. Reads the results of finished cells instead. */
import type { Device } from '../launch/device.ts';
import type { StopRequests } from '../workflow/train/stop-requests.ts';
import { type Cell, cellName } from './cell.ts';
import type { CellResources } from './run-cell.ts';
import { cellPaths, readResult, type StudyFolder } from './study-folder.ts';
import { studyStopped } from './study-stopped.ts';

/** What to run. */
export interface GridRequest<Result> {
  readonly folder: StudyFolder;
  /** What a cell is run for; it keeps the result. */
  readonly run: (cell: Cell, resources: CellResources) => Promise<Result>;
  /** Each device runs one cell at a time, with one worker. */
  readonly devices: readonly Device[];
  readonly crop: number | undefined;
  /** Cells that wait for no result, in order. */
  readonly cells: readonly Cell[];
  /** The cells that the results so far make possible. Called after each result; returns each cell once. */
  readonly more?: (results: readonly Result[]) => readonly Cell[];
  /** Whether a cell may begin: asked when a device is free. Cells that are done are read all the same. */
  readonly mayBegin?: (cell: Cell) => boolean;
  readonly onEvent: (event: GridEvent<Result>) => void;
  readonly stop: StopRequests;
  /** Gets what the processes that measure have to say. */
  readonly onLine: (line: string) => void;
}

/** What happens to a cell. */
export type GridEvent<Result> =
  | { readonly kind: 'start'; readonly cell: Cell }
  | {
      readonly kind: 'end';
      readonly cell: Cell;
      readonly result: Result;
      readonly skipped: boolean;
    };

/**
 * Runs the grid.
 * @returns a result for each cell that ran, in the order of the cells
 * @throws LockstepError the first failure, after the other running cells have saved and ended; INTERRUPTED,
 *   TERMINATED
 */
export async function runGrid<Result>(request: GridRequest<Result>): Promise<Result[]> {
  return await new Grid<Result>(request).run();
}

class Grid<Result> {
  readonly #request: GridRequest<Result>;
  readonly #stop: StopRequests;
  /** The others save and end: nobody wants to wait for them to read why one failed. */
  readonly #failed = new AbortController();
  readonly #waiting: Cell[];
  readonly #cells: Cell[];
  readonly #results = new Map<string, Result>();
  #running = 0;
  #failure: unknown;
  #wake: (() => void)[] = [];

  constructor(request: GridRequest<Result>) {
    const { signal, kill } = request.stop;
    const failed = this.#failed.signal;
    this.#request = request;
    this.#stop = {
      signal: signal === undefined ? failed : AbortSignal.any([signal, failed]),
      kill,
    };
    this.#waiting = [...request.cells];
    this.#cells = [...request.cells];
  }

  async run(): Promise<Result[]> {
    await Promise.all(this.#request.devices.map((device) => this.#serve(device)));
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#stop.signal?.aborted) throw studyStopped(this.#stop);
    return this.#cells.flatMap(({ key }) => this.#results.get(cellName(key)) ?? []);
  }

  /** Runs cells until none is left and no running cell can add more. */
  async #serve(device: Device): Promise<void> {
    while (!this.#stop.signal?.aborted) {
      const cell = this.#waiting.shift();
      if (cell === undefined) {
        if (this.#running === 0) return;
        await new Promise<void>((wake) => this.#wake.push(wake));
        continue;
      }
      this.#running++;
      try {
        await this.#do(cell, device);
      } catch (thrown) {
        this.#failure ??= thrown;
        this.#failed.abort();
      } finally {
        this.#running--;
        for (const wake of this.#wake.splice(0)) wake();
      }
    }
  }

  async #do(cell: Cell, device: Device): Promise<void> {
    const { folder, crop, run, onEvent, onLine } = this.#request;
    const { more = () => [], mayBegin = () => true } = this.#request;
    const done = readResult<Result>(cellPaths(folder, cell.key));
    if (done === undefined && !mayBegin(cell)) return;
    if (done === undefined) onEvent({ kind: 'start', cell });
    const resources = { folder, device, crop, stop: this.#stop, onLine };
    const result = done ?? (await run(cell, resources));
    this.#results.set(cellName(cell.key), result);
    onEvent({ kind: 'end', cell, result, skipped: done !== undefined });
    const called = more([...this.#results.values()]);
    this.#waiting.unshift(...called);
    this.#cells.push(...called);
  }
}
