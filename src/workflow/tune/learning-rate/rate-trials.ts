/** A range test of a phase's learning rate, as one run: a short copy of the phase for each rate. Pure. */
import type { LearningRateConfig, PhaseConfig } from '../../../config/phase-section.ts';
import type { RunConfig } from '../../../config/run-config.ts';
import { LockstepError } from '../../../core/errors.ts';
import { formulationsOf } from '../../../engine/formulations.ts';

/** A trial lasts as long as its phase, or so many steps. */
const STEPS = 100;
/** Powers of √10 by which the rates differ from the phase's own: from a thirtieth to thirty times. */
const HALF_DECADES = [-3, -2, -1, 0, 1, 2, 3];

/** One short phase. */
export interface RateTrial {
  readonly phase: string;
  /** The peak, or the value of a constant rate. */
  readonly rate: number;
}

export interface RateTest {
  /** The phases that come before, then a phase for each trial: the same weights at first, the same steps. */
  readonly config: RunConfig;
  /** By ascending rate. */
  readonly trials: readonly RateTrial[];
  /** Of each trial. */
  readonly steps: number;
  /** The phase's own peak or value. */
  readonly configured: number;
}

/**
 * @param phaseSteps how many steps each phase of the configuration lasts
 * @throws LockstepError USAGE for a phase that the configuration has not
 */
export function makeRateTest(
  config: RunConfig,
  phaseName: string,
  phaseSteps: readonly number[],
): RateTest {
  const index = indexOfPhase(config, phaseName);
  const phase = config.phases[index]!;
  const before = phasesBefore(config, index);
  const steps = Math.min(STEPS, phaseSteps[index]!);
  const configured = peakOf(phase.learningRate);
  const trials = HALF_DECADES.map((power) => ({
    phase: `${phaseName}-at-${10 + power}`,
    rate: power === 0 ? configured : Number((configured * 10 ** (power / 2)).toPrecision(2)),
  }));
  const start = before.length > 0 ? { phase: before.at(-1)!.name } : phase.start;
  const share = steps / phaseSteps[index]!;
  const copies = trials.map(({ phase: name, rate }) => ({
    ...shortened(phase, steps),
    ...{ name, start },
    learningRate: shortRate(phase.learningRate, { rate, share, steps }),
  }));
  return {
    config: {
      ...config,
      // Not `auto`: timing could choose another way, and other bits, on another machine.
      engine: { ...config.engine, formulations: formulationsOf(config.engine.formulations) },
      phases: [...before, ...copies],
      checkpoint: { ...config.checkpoint, everySteps: Number.MAX_SAFE_INTEGER },
      // A rate that is far too large shall end its own trial only.
      nonFinite: { action: 'skip', limit: STEPS * HALF_DECADES.length },
    },
    ...{ trials, steps, configured },
  };
}

/** The peak, or the value of a constant rate. */
export const peakOf = (rate: LearningRateConfig): number =>
  rate.kind === 'constant' ? rate.value : rate.peak;

/** The same schedule with another peak or value. */
export const withPeak = (rate: LearningRateConfig, peak: number): LearningRateConfig =>
  rate.kind === 'constant' ? { ...rate, value: peak } : { ...rate, peak };

function indexOfPhase({ phases }: RunConfig, name: string): number {
  const index = phases.findIndex((phase) => phase.name === name);
  if (index >= 0) return index;
  throw new LockstepError(
    'USAGE',
    `The configuration has no phase "${name}".`,
    `Its phases are ${phases.map((phase) => phase.name).join(', ')}.`,
  );
}

/** Those whose weights it starts from, the first one first. */
function phasesBefore({ phases }: RunConfig, index: number): PhaseConfig[] {
  const chain: PhaseConfig[] = [];
  for (let at = indexBefore(phases, index); at >= 0; at = indexBefore(phases, at)) {
    chain.unshift(phases[at]!);
  }
  return chain;
}

function indexBefore(phases: readonly PhaseConfig[], index: number): number {
  const { start } = phases[index]!;
  if (start === 'previous') return index - 1;
  if (start === 'fresh' || 'fresh' in start) return -1;
  return phases.findIndex(({ name }) => name === start.phase);
}

/** Its evaluation comes once, at the end, and changes nothing. */
function shortened({ evaluation, ...phase }: PhaseConfig, steps: number): PhaseConfig {
  const duration = { steps };
  if (evaluation === undefined) return { ...phase, duration };
  const { stop: _, ...measured } = evaluation;
  return { ...phase, duration, evaluation: { ...measured, everySteps: steps, keep: 'last' } };
}

/** Warms up over the same share of its steps. */
function shortRate(
  learningRate: LearningRateConfig,
  { rate, share, steps }: { readonly rate: number; readonly share: number; readonly steps: number },
): LearningRateConfig {
  const own = withPeak(learningRate, rate);
  if (own.kind === 'constant') return own;
  return { ...own, warmupSteps: Math.min(steps, Math.ceil(share * own.warmupSteps)) };
}
