/** How a run's `Progress` changes from event to event: pure, a new value each time. */
import type { BestWeights, Progress } from '../checkpoint/progress.ts';
import type { Weights } from '../checkpoint/state-tensors.ts';
import type { PhaseConfig } from '../config/phase-section.ts';
import type { TrainState } from '../engine/engine.ts';
import { initialState, zeroMoments } from '../nn/initial-state.ts';
import type { RunDefinition } from './definition.ts';
import { waitingAfter } from './early-stop.ts';
import { type Headline, isBetterValue, judgeOf } from './judge.ts';
import { averageAfter } from './weight-average.ts';

/** A progress whose weights, moments and statistics lie in an engine's session. */
export type ProgressOutsideEngine = Omit<Progress, 'state'>;

/** The first progress of a run. */
export function progressAtStart(run: RunDefinition, initialWeights: Weights | undefined): Progress {
  const results = new Map<string, Weights>();
  const state = stateAtPhaseStart(run, 0, { results, initialWeights });
  const values = { globalStep: 0, evaluated: true, unfinished: false, skippedSteps: 0 };
  const needed = neededAfter(run, 0, { results, initialWeights });
  return { ...values, state, ...NOTHING_YET, ...needed };
}

/** What a phase has at its beginning. */
export const NOTHING_YET = { best: undefined, waiting: undefined, average: undefined } as const;

/**
 * After one more global step.
 * @param read the weights as they are now, asked for only where they are averaged
 */
export function afterStep(
  { config, schedule }: Pick<RunDefinition, 'config' | 'schedule'>,
  progress: ProgressOutsideEngine,
  { isSkipped, read }: { readonly isSkipped: boolean; readonly read: () => Weights },
): ProgressOutsideEngine {
  const { globalStep, average } = progress;
  const { phaseIndex, stepInPhase } = schedule.at(globalStep);
  const { weightAverage } = config.phases[phaseIndex]!;
  return {
    ...progress,
    globalStep: globalStep + 1,
    evaluated: !schedule.after(globalStep).evaluate,
    unfinished: true,
    skippedSteps: isSkipped ? progress.skippedSteps + 1 : 0,
    average: weightAverage && averageAfter(average, read(), { ...weightAverage, stepInPhase }),
  };
}

/** After a step in which nothing is done, since its phase has ended early. */
export function afterPassing(progress: ProgressOutsideEngine): ProgressOutsideEngine {
  return { ...progress, globalStep: progress.globalStep + 1, unfinished: true };
}

/**
 * After the evaluation that followed the last step.
 * @param read the weights as they are, asked for only where they are the best so far
 */
export function afterEvaluation(
  { config, schedule }: Pick<RunDefinition, 'config' | 'schedule'>,
  progress: ProgressOutsideEngine,
  evaluation: {
    readonly headline: Headline;
    readonly metrics: Readonly<Record<string, number>>;
    readonly read: () => Weights;
  },
): ProgressOutsideEngine {
  const { metrics, read } = evaluation;
  const at = schedule.at(progress.globalStep - 1);
  const phase = config.phases[at.phaseIndex]!;
  const headline = judgeOf(phase, evaluation.headline);
  const value = metrics[headline.metric]!;
  const stepInPhase = at.stepInPhase + 1;
  const stop = phase.evaluation?.stop;
  const judged = { headline, value, stepInPhase };
  const waiting = stop && waitingAfter(stop, progress.waiting, judged);
  const evaluated = { ...progress, evaluated: true, waiting };
  if (!isBetter(phase, headline, metrics, progress.best)) return evaluated;
  const { parameters, statistics } = progress.average ?? read();
  const metric = { name: headline.metric, value };
  return { ...evaluated, best: { metric, stepInPhase, weights: { parameters, statistics } } };
}

/** Once a phase has ended with these weights. */
export function afterPhase(
  run: RunDefinition,
  progress: ProgressOutsideEngine,
  phaseIndex: number,
  { parameters, statistics }: Weights,
): ProgressOutsideEngine {
  const { name } = run.config.phases[phaseIndex]!;
  const results = new Map([...progress.results, [name, { parameters, statistics }]]);
  return { ...progress, ...neededAfter(run, phaseIndex, { ...progress, results }) };
}

/** What the phases after this one start from. */
function neededAfter(
  run: RunDefinition,
  phaseIndex: number,
  { results, initialWeights }: Pick<Progress, 'results' | 'initialWeights'>,
): Pick<Progress, 'results' | 'initialWeights'> {
  const toCome = [...run.phases.keys()].slice(phaseIndex + 1);
  const sources = toCome.map((index) => startingPhase(run, index));
  return {
    results: new Map([...results].filter(([name]) => sources.includes(name))),
    initialWeights: sources.includes(undefined) ? initialWeights : undefined,
  };
}

/** The state that a phase starts with: its weights as configured, no moments. */
export function stateAtPhaseStart(
  run: RunDefinition,
  phaseIndex: number,
  known: Pick<Progress, 'results' | 'initialWeights'>,
): TrainState {
  const { program, config } = run.phases[phaseIndex]!;
  const { momentCount } = program.update;
  const source = startingPhase(run, phaseIndex);
  const weights =
    source === undefined
      ? (known.initialWeights ?? randomWeights(run, config.start, momentCount))
      : known.results.get(source);
  if (weights === undefined) {
    throw new Error(`phase "${config.name}" starts from "${source}", which has not ended`);
  }
  return {
    parameters: weights.parameters,
    statistics: weights.statistics,
    moments: zeroMoments(run.layout, momentCount),
  };
}

function randomWeights(
  { config: { seed }, parameters, layout }: RunDefinition,
  start: PhaseConfig['start'],
  momentCount: number,
): TrainState {
  const draw = typeof start === 'object' && 'fresh' in start ? start.fresh : 0;
  return initialState(parameters, layout, { seed, draw, momentCount });
}

/** Name of the phase whose end a phase starts from; undefined when it starts afresh. */
export function startingPhase(
  { config }: Pick<RunDefinition, 'config'>,
  phaseIndex: number,
): string | undefined {
  const { start } = config.phases[phaseIndex]!;
  if (start === 'previous') return config.phases[phaseIndex - 1]!.name;
  return typeof start === 'object' && 'phase' in start ? start.phase : undefined;
}

/** Whether a phase that keeps the best would rather keep these weights; the first of equals stays. */
export function isBetter(
  phase: PhaseConfig,
  headline: Headline,
  metrics: Readonly<Record<string, number>>,
  best: BestWeights | undefined,
): boolean {
  if (phase.evaluation?.keep !== 'best') return false;
  if (best === undefined) return true;
  return isBetterValue(headline, metrics[headline.metric]!, best.metric.value);
}
