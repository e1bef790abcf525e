/**
 * Successive halving (Jamieson & Talwalkar 2016): all recipes of all networks train for a short time, the better half
 * for twice as long, and the best ones to the end. Pure: what comes next follows from what is known.
 *
 *   trial 1   all that fit            one repeat   at the fewest labels; two for the shortest time, if no more fit
 *   trial 2   the better half         one repeat   other labels, twice the pretraining
 *   final     the best ones, scratch  3 repeats +  all label counts, as much pretraining as there is time for
 *   side questions (a part of the data, sorted batches), where the template asks them and time is left
 *
 * Trials are seen on validation data only; the test split is read once, at the end of the final runs.
 */
import type { Cell, CellResult, TrialResult } from './cell.ts';
import { type DataSize, otherSeconds, pretrainingSeconds } from './cost.ts';
import {
  areFew,
  type Candidate,
  candidatesOf,
  firstCells,
  groupingCells,
  SCRATCH,
  shareCells,
  trialCells,
} from './grid.ts';
import { withNetworks } from './own-grid.ts';
import type { NetworkConfig, StudyConfig, StudyDataset } from './study-config.ts';

/** A part of a study of one dataset. */
export interface Stage {
  readonly kind: 'trial' | 'final' | 'side questions';
  /** From 1. */
  readonly number: number;
  readonly candidates: readonly Candidate[];
  /** Settings of their networks, sized to the time. The final's have scratch, too. */
  readonly networks: StudyDataset['networks'];
}

/** A stage that is over. */
export interface StageOutcome {
  readonly stage: Stage;
  /** Of a trial's candidates on validation data, in their order. */
  readonly trials: readonly TrialResult[];
  readonly results: readonly CellResult[];
}

/** A trial that is over. */
export interface TriedCell {
  readonly cell: Cell;
  readonly result: TrialResult;
}

export interface Planning {
  /** All networks, with the pretraining that the template has. */
  readonly grid: StudyConfig;
  readonly size: DataSize;
  readonly workers: number;
  readonly secondsLeft: number;
  /** Stages that are over, and what came of their trials. */
  readonly stages: readonly Stage[];
  readonly tried: readonly TriedCell[];
  /** Of the final, when it is over: the best pretrained recipe on validation data. */
  readonly best?: Candidate | undefined;
}

/** Fewer steps of pretraining would show nothing. */
const FEWEST_STEPS = 50;
/** More than this many candidates are halved before the final. */
const MOST_FINALISTS = 3;
/** More than this many survivors of the first trial are halved once more. */
const MOST_AFTER_TRIAL = 5;
/** Share of the time left that a trial plans for, and after which it begins no more runs. */
export const TRIAL_SHARE = { planned: 0.25, most: 0.35 };
/** Share of the time left that the final plans for, since runs differ. */
const RESERVE = 0.85;
/** Of the template's pretraining: in the first trial and in the final at the most. */
const MOST_PRETRAINING = { trial: 0.5, final: 4 };
/** Fewest repeats that have an interval. */
const FEWEST_DRAWS = 3;
/**
 * Of one worker with one thread on an AMD EPYC (Zen 4), evaluation and start-up included. Only the first trial is
 * planned by it, and there is always one: later stages know how long the earlier ones took.
 */
const TOKENS_PER_SECOND = 113_000;

/** What to train next; undefined when nothing more is planned or fits into the time. */
export function nextStage(planning: Planning): Stage | undefined {
  const { stages, grid, tried } = planning;
  const last = stages.at(-1);
  if (last?.kind === 'final') return sideQuestions(planning, last);
  if (last?.kind === 'side questions') return undefined;
  const all = candidatesOf(grid.datasets[0]!);
  const areMany = all.length > MOST_FINALISTS;
  if (last === undefined)
    return (areMany ? firstTrial(planning) : undefined) ?? timing(planning, all);
  const trialled = ranked(tried, last.number);
  const ranking = areMany ? trialled : withOthers(trialled, all);
  const isSecond = last.number === 1 && ranking.length > MOST_AFTER_TRIAL;
  const second = isSecond ? secondTrial(planning, last, ranking) : undefined;
  return second ?? final(planning, ranking);
}

/** The grid that a stage trains. */
export const stageGrid = (
  grid: StudyConfig,
  { networks }: Pick<Stage, 'networks'>,
): StudyConfig => ({
  ...grid,
  datasets: [{ ...grid.datasets[0]!, networks }],
});

/** The runs of a stage. */
export function stageCells(
  { grid, size: { trainingSequences } }: Pick<Planning, 'grid' | 'size'>,
  stage: Stage,
): Cell[] {
  const own = stageGrid(grid, stage);
  const { candidates } = stage;
  if (stage.kind === 'trial') return trialCells(own, stage.number, candidates);
  const [{ grouping, ...dataset }] = own.datasets as [StudyDataset];
  if (stage.kind === 'final') return firstCells({ ...own, datasets: [dataset] });
  const parts = candidates.flatMap((one) => shareCells(own, dataset, one, trainingSequences));
  return [...parts, ...groupingCells(own)];
}

/** How much of the data pretraining needs, and what sorting by length costs. */
function sideQuestions(planning: Planning, { number, networks }: Stage): Stage | undefined {
  const candidates = planning.best === undefined ? [] : [planning.best];
  const stage: Stage = { kind: 'side questions', number: number + 1, candidates, networks };
  const fits = secondsOf(planning, stage) <= RESERVE * planning.secondsLeft;
  return stageCells(planning, stage).length > 0 && fits ? stage : undefined;
}

/** The candidates of a trial, the best on validation data first. */
export function ranked(tried: readonly TriedCell[], trial: number): Candidate[] {
  return tried
    .filter(({ result }) => result.key.trial === trial)
    .toSorted((a, b) => b.result.score - a.result.score)
    .map(({ result: { key } }) => ({ network: key.network, recipe: key.recipe }));
}

/** So many of the best, and among them the best that was pretrained: the study is about it. */
function best(ranking: readonly Candidate[], count: number): Candidate[] {
  const first = ranking.slice(0, count);
  const pretrained = ranking.find(({ recipe }) => recipe !== SCRATCH);
  if (pretrained === undefined || first.includes(pretrained)) return first;
  return [...first.slice(0, -1), pretrained];
}

/** All networks if there is time, else without the first ones. The last network comes first: time may end early. */
function firstTrial(planning: Planning): Stage | undefined {
  const [{ networks }] = planning.grid.datasets as [StudyDataset];
  const lastFirst = Object.entries(networks).toReversed();
  for (const [dropped] of lastFirst.entries()) {
    const kept = lastFirst.slice(0, lastFirst.length - dropped);
    const candidates = candidatesOf({ networks: Object.fromEntries(kept) });
    const stage = trial(planning, { number: 1, candidates, most: MOST_PRETRAINING.trial });
    if (stage !== undefined) return stage;
  }
  return undefined;
}

/**
 * The shortest trial, of one or two candidates: without any the final would be planned by a machine that may be several
 * times faster than this one is now.
 */
function timing(planning: Planning, all: readonly Candidate[]): Stage | undefined {
  for (const candidates of [all.slice(-2), all.slice(-1)]) {
    const stage = trial(planning, { number: 1, candidates, most: 0 });
    if (stage !== undefined) return stage;
  }
  return undefined;
}

/** Those that no trial had time for come last. */
function withOthers(ranking: readonly Candidate[], all: readonly Candidate[]): Candidate[] {
  const isRanked = ({ network, recipe }: Candidate) =>
    ranking.some((one) => one.network === network && one.recipe === recipe);
  return [...ranking, ...all.filter((one) => !isRanked(one))];
}

function secondTrial(
  planning: Planning,
  before: Stage,
  ranking: readonly Candidate[],
): Stage | undefined {
  const candidates = best(ranking, Math.ceil(ranking.length / 2));
  const [name] = Object.keys(before.networks) as [string];
  const template = planning.grid.datasets[0]!.networks[name]!;
  const most = (2 * stepsOf(before.networks[name]!)) / stepsOf(template);
  return trial(planning, { number: before.number + 1, candidates, most });
}

interface TrialRequest {
  readonly number: number;
  readonly candidates: readonly Candidate[];
  /** Multiple of the template's pretraining. */
  readonly most: number;
}

/** With as much pretraining as its share of the time allows; undefined where it takes more with the least. */
function trial(planning: Planning, { number, candidates, most }: TrialRequest): Stage | undefined {
  const stageOf = (scale: number): Stage => {
    const { networks } = scaled(planning.grid, scale).datasets[0]!;
    return { kind: 'trial', number, candidates, networks: some(networks, candidates) };
  };
  const { secondsLeft } = planning;
  if (secondsOf(planning, stageOf(0)) > TRIAL_SHARE.most * secondsLeft) return undefined;
  return stageOf(
    largestScale(planning, stageOf, { seconds: TRIAL_SHARE.planned * secondsLeft, most }),
  );
}

/** The largest final that fits: of fewer and fewer candidates, repeats, label counts. */
function final(planning: Planning, ranking: readonly Candidate[]): Stage | undefined {
  const { grid, stages, secondsLeft } = planning;
  if (ranking.length === 0) return undefined;
  const seconds = RESERVE * secondsLeft;
  const least = leastScale(grid, stages.at(-1));
  for (const { count, change } of SIZES) {
    const candidates = best(ranking, count);
    const stageOf = (scale: number): Stage => {
      const changed = withNetworks(scaled(grid, Math.max(scale, least)), change);
      const networks = some(changed.datasets[0]!.networks, candidates);
      return { kind: 'final', number: stages.length + 1, candidates, networks };
    };
    if (secondsOf(planning, stageOf(0)) > seconds) continue;
    return stageOf(largestScale(planning, stageOf, { seconds, most: MOST_PRETRAINING.final }));
  }
  return undefined;
}

type Change = (network: NetworkConfig) => NetworkConfig;

const withLabels =
  (change: (labels: NetworkConfig['labels']) => NetworkConfig['labels']): Change =>
  (network) => ({ ...network, labels: change(network.labels) });
const asTheyAre: Change = (network) => network;
const fewestRepeats = withLabels((all) => all.map((one) => ({ ...one, draws: FEWEST_DRAWS })));
const fewLabels = withLabels((all) => {
  const few = all.filter(({ perClass, sequences }) => {
    const labels = perClass ?? sequences ?? 'all';
    return areFew({
      labels,
      unit: perClass === undefined ? 'labelled sequences' : 'labels a class',
    });
  });
  return few.length > 0 ? few : all.slice(0, 1);
});
const smallest = withLabels((all) => all.slice(0, 1));

/** Half the steps of fine-tuning, evaluated once. */
const quick: Change = (network) => {
  const { duration, evaluation } = network.finetuning;
  const steps = 'steps' in duration ? Math.ceil(duration.steps / 2) : 1;
  return {
    ...network,
    labels: network.labels.map(({ steps: _, ...one }) => one),
    finetuning: {
      ...network.finetuning,
      duration: { steps },
      ...(evaluation && { evaluation: { ...evaluation, everySteps: steps } }),
    },
  };
};

const inTurn =
  (...changes: Change[]): Change =>
  (network) =>
    changes.reduce((changed, change) => change(changed), network);

const SIZES: readonly { readonly count: number; readonly change: Change }[] = [
  { count: 3, change: asTheyAre },
  { count: 3, change: fewestRepeats },
  { count: 2, change: fewestRepeats },
  { count: 1, change: fewestRepeats },
  { count: 1, change: inTurn(fewestRepeats, fewLabels) },
  { count: 1, change: inTurn(fewestRepeats, smallest) },
  { count: 1, change: inTurn(fewestRepeats, smallest, quick) },
];

/** Only the candidates' networks and pretexts. */
function some(
  networks: StudyDataset['networks'],
  candidates: readonly Candidate[],
): StudyDataset['networks'] {
  const isIn = (network: string, recipe: string) =>
    candidates.some((one) => one.network === network && one.recipe === recipe);
  return Object.fromEntries(
    Object.entries(networks)
      .filter(([name]) => candidates.some(({ network }) => network === name))
      .map(([name, network]) => {
        const pretexts = Object.entries(network.pretexts).filter(([recipe]) => isIn(name, recipe));
        return [name, { ...network, pretexts: Object.fromEntries(pretexts) }];
      }),
  );
}

/** The final pretrains for no shorter time than the trial before it. */
function leastScale(grid: StudyConfig, before: Stage | undefined): number {
  const [first] = Object.entries(before?.networks ?? {});
  if (first === undefined) return 0;
  return stepsOf(first[1]) / stepsOf(grid.datasets[0]!.networks[first[0]]!);
}

/** With a multiple of the template's pretraining, evaluated once at its end. */
const scaled = (grid: StudyConfig, scale: number): StudyConfig =>
  withNetworks(grid, ({ pretraining, ...network }) => {
    const steps = Math.max(FEWEST_STEPS, Math.floor(scale * stepsOf({ pretraining })));
    const evaluation = pretraining.evaluation && { ...pretraining.evaluation, everySteps: steps };
    return {
      ...network,
      pretraining: { ...pretraining, duration: { steps }, ...(evaluation && { evaluation }) },
    };
  });

/** Steps of a network's pretraining. */
export function stepsOf({ pretraining: { duration } }: Pick<NetworkConfig, 'pretraining'>): number {
  if ('steps' in duration) return duration.steps;
  throw new Error('The template counts pretraining in steps.');
}

const BISECTIONS = 7;

function largestScale(
  planning: Planning,
  stageOf: (scale: number) => Stage,
  { seconds, most }: { readonly seconds: number; readonly most: number },
): number {
  let [low, high] = [0, most];
  if (secondsOf(planning, stageOf(most)) <= seconds) return most;
  for (let i = 0; i < BISECTIONS; i++) {
    const middle = (low + high) / 2;
    if (secondsOf(planning, stageOf(middle)) <= seconds) low = middle;
    else high = middle;
  }
  return low;
}

/** How long a stage takes on all workers, by how long the trials took. */
export function secondsOf(planning: Planning, stage: Stage): number {
  const { size, workers, tried } = planning;
  const cells = stageCells(planning, stage);
  const seconds = cells.map((cell) => runSeconds({ size, tried }, cell));
  const sum = seconds.reduce((a, b) => a + b, 0);
  return Math.max(sum / Math.min(workers, cells.length), ...seconds);
}

/** How long one run takes, by how long the trials took. */
export const runSeconds = ({ size, tried }: Pick<Planning, 'size' | 'tried'>, cell: Cell): number =>
  correctionOf(tried, cell.key.network, size) * expectedSeconds(cell, size);

const expectedSeconds = (cell: Cell, size: DataSize): number =>
  pretrainingSeconds(cell, size, TOKENS_PER_SECOND) + otherSeconds(cell, size, TOKENS_PER_SECOND);

/** How much longer a network's trials took than expected; those of all networks where it had none. */
function correctionOf(tried: readonly TriedCell[], network: string, size: DataSize): number {
  const own = tried.filter(({ cell }) => cell.key.network === network);
  const known = own.length > 0 ? own : tried;
  if (known.length === 0) return 1;
  const actual = known.reduce((sum, { result }) => sum + result.seconds, 0);
  const expected = known.reduce((sum, { cell }) => sum + expectedSeconds(cell, size), 0);
  return actual / expected;
}
