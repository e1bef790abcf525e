/** Runs a study of one dataset within a time, stage after stage. Goes on with what an earlier try had done. */
import { formatDuration } from '../core/format.ts';
import { writeWhole } from '../core/write-whole.ts';
import type { StoreOnDisk } from '../data/format/open-store.ts';
import type { Device } from '../launch/device.ts';
import { percent } from '../statistics/paired-difference.ts';
import { MERITS } from '../workflow/predict/task-report.ts';
import type { GuardedHooks } from '../workflow/train/hooks.ts';
import { type Cell, type CellResult, cellName, type TrialResult } from './cell.ts';
import { type Candidate, SCRATCH, validationScore } from './grid.ts';
import {
  nextStage,
  type Planning,
  runSeconds,
  type Stage,
  type StageOutcome,
  secondsOf,
  stageCells,
  stepsOf,
  TRIAL_SHARE,
  type TriedCell,
} from './halving.ts';
import { dataSize } from './own-grid.ts';
import { runCell, runTrial } from './run-cell.ts';
import { type GridEvent, type GridRequest, runGrid } from './run-grid.ts';
import type { StudyConfig } from './study-config.ts';
import { readKept, type StudyFolder } from './study-folder.ts';
import { resultWords, tellOfCells } from './tell-of-cells.ts';

export interface HalvingOptions {
  readonly folder: StudyFolder;
  readonly devices: readonly Device[];
  readonly hooks: GuardedHooks;
  readonly store: StoreOnDisk;
  readonly crop: number | undefined;
  readonly minutes: number;
  /** Time that baselines and models in closed form took. */
  readonly secondsBefore: number;
}

/**
 * Trains what `nextStage` names, until it names nothing more.
 * @throws LockstepError the error of a failed run; INTERRUPTED, TERMINATED
 */
export async function runHalving(
  grid: StudyConfig,
  options: HalvingOptions,
): Promise<StageOutcome[]> {
  const { folder, devices, store, minutes, secondsBefore } = options;
  const known = readKept<Stage[]>(folder.stages) ?? [];
  const started = performance.now();
  const outcomes: StageOutcome[] = [];
  const tried: TriedCell[] = [];
  let busy = 0;
  for (;;) {
    const stages = outcomes.map(({ stage }) => stage);
    // What an earlier try took counts, too; the machine may have slept since.
    const elapsed = Math.max((performance.now() - started) / 1000, busy / devices.length);
    const planning: Planning = {
      ...{ grid, stages, tried, best: bestOf(outcomes.at(-1)) },
      size: dataSize(store, grid.test.crop),
      workers: devices.length,
      secondsLeft: 60 * minutes - secondsBefore - elapsed,
    };
    const stage = known[outcomes.length] ?? nextStage(planning);
    if (stage === undefined) {
      if (!stages.some(({ kind }) => kind === 'final')) warn(options);
      return outcomes;
    }
    writeWhole(
      folder.stages,
      `${JSON.stringify([...stages, stage, ...known.slice(stages.length + 1)])}\n`,
    );
    const cells = stageCells(planning, stage);
    tell(options.hooks, describeStage(stage, cells.length, secondsOf(planning, stage)));
    const isOver = known[outcomes.length + 1] !== undefined;
    const outcome = await runStage(stage, cells, { ...options, planning, isOver });
    for (const result of outcome.trials) {
      const cell = cells.find(({ key }) => cellName(key) === cellName(result.key))!;
      tried.push({ cell, result });
    }
    for (const { seconds } of [...outcome.trials, ...outcome.results]) busy += seconds;
    outcomes.push(outcome);
  }
}

interface StagePlanning {
  readonly planning: Planning;
  /** The stage after it is known, so that nobody needs what it left out. */
  readonly isOver: boolean;
}

async function runStage(
  stage: Stage,
  cells: readonly Cell[],
  options: HalvingOptions & StagePlanning,
): Promise<StageOutcome> {
  const { folder, devices, crop, hooks, store } = options;
  const shared = {
    ...{ folder, devices, crop, cells, stop: hooks },
    onLine: (text: string) => tell(hooks, text),
  };
  if (stage.kind !== 'trial') {
    const onEvent = tellOfCells(cells.length, hooks, resultWords);
    const results = await runGrid<CellResult>({ ...shared, run: runCell, onEvent });
    return { stage, trials: [], results };
  }
  const { kind } = store.manifest.target;
  const { name, metric } = MERITS[kind === 'none' ? 'class' : kind];
  const run: GridRequest<TrialResult>['run'] = (cell, place) => runTrial(cell, metric, place);
  const words = ({ score }: TrialResult) => `${name} ${percent(score)} on validation data`;
  const tellOf = tellOfCells(cells.length, hooks, words);
  const clock = new TrialClock(options);
  const onEvent = (event: GridEvent<TrialResult>) => {
    if (event.kind === 'end') clock.note(event);
    tellOf(event);
  };
  const mayBegin = (cell: Cell) => clock.mayBegin(cell);
  const trials = await runGrid<TrialResult>({ ...shared, run, onEvent, mayBegin });
  const leftOut = cells.length - trials.length;
  if (leftOut > 0 && !options.isOver) tell(hooks, leftOutOf(leftOut, cells.length));
  return { stage, trials, results: [] };
}

/** Which runs of a trial may still begin. */
class TrialClock {
  readonly #planning: Planning;
  readonly #isOver: boolean;
  readonly #started = performance.now();
  readonly #tried: TriedCell[];

  constructor({ planning, isOver }: StagePlanning) {
    this.#planning = planning;
    this.#isOver = isOver;
    this.#tried = [...planning.tried];
  }

  note(tried: TriedCell): void {
    this.#tried.push(tried);
  }

  /** While its share of the time is not over, and only what can end in time by how long the others took. */
  mayBegin(cell: Cell): boolean {
    const { secondsLeft } = this.#planning;
    const elapsed = (performance.now() - this.#started) / 1000;
    const isTime = elapsed < TRIAL_SHARE.most * secondsLeft;
    const tried = this.#tried;
    return (
      !this.#isOver &&
      isTime &&
      runSeconds({ ...this.#planning, tried }, cell) <= secondsLeft - elapsed
    );
  }
}

const leftOutOf = (count: number, all: number): string =>
  `Left out for want of time: ${count} of the ${all} runs of this trial.`;

function bestOf(outcome: StageOutcome | undefined): Candidate | undefined {
  const [best] = (outcome?.results ?? [])
    .filter(({ key }) => key.recipe !== SCRATCH)
    .toSorted((a, b) => validationScore(b) - validationScore(a));
  return best && { network: best.key.network, recipe: best.key.recipe };
}

function describeStage(stage: Stage, runs: number, seconds: number): string {
  const steps = [...new Set(Object.values(stage.networks).map(stepsOf))].join(' and ');
  const what = {
    trial: `Trial ${stage.number}: ${runs} short runs, one repeat, pretraining of ${steps} steps`,
    final: `Final: ${runs} runs, pretraining of ${steps} steps`,
    'side questions': `Side questions: ${runs} runs`,
  }[stage.kind];
  return `${what}, about ${formatDuration(seconds)}. Ctrl-C saves what is done; the same command goes on.`;
}

const tell = ({ onEvent }: GuardedHooks, text: string): void => onEvent({ kind: 'status', text });

function warn({ hooks, minutes }: HalvingOptions): void {
  const time = minutes === 1 ? '1 minute leaves' : `${minutes} minutes leave`;
  const text = `${time} no time to train a network to the end here. With more the same command goes on.`;
  hooks.onEvent({ kind: 'warning', text });
}
