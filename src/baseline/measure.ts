/** Fits a baseline on every draw and measures it on the whole test split. */
import { meanOverDraws } from '../statistics/draw-interval.ts';
import type { Resamples } from '../statistics/group-bootstrap.ts';
import { withinBounds } from '../statistics/interval.ts';
import { meanOf } from '../statistics/mean.ts';
import type { Baseline, Fit, Predict } from './baseline.ts';
import type { Examples } from './examples.ts';
import { judgeOf } from './judge.ts';
import type { BaselineCell, BaselineDraw } from './report.ts';
import { sumsByGroup, type Target, total } from './target.ts';

/** What does not depend on the baseline. */
export interface Measuring {
  readonly examples: Examples;
  readonly target: Target;
  /** `[test]`: number of each test sequence's group. */
  readonly groups: Int32Array;
  readonly resamples: Resamples;
}

/** A draw's figures, and its sums by test group. */
interface Measured {
  readonly draw: BaselineDraw;
  /** `[groups]` of `[sums]`. */
  readonly byGroup: readonly Float64Array[];
}

/**
 * @param draws places of each draw's sequences
 * @param chance what is known to be reached without a look at the values; undefined for the baseline that does so
 */
export function measureCell(
  measuring: Measuring,
  baseline: Baseline,
  draws: readonly Int32Array[],
  chance: number | undefined,
): BaselineCell {
  const measured = draws.map((training, draw) => measureDraw(measuring, baseline, training, draw));
  const all = measured.map(({ draw }) => draw);
  const interval = meanOfCell(measuring, measured);
  const validation = meanOf(all.map((one) => one.validation ?? Number.NaN));
  return {
    ...interval,
    validation: Number.isNaN(validation) ? null : validation,
    isAtChance: chance !== undefined && interval.low <= chance,
    draws: all,
  };
}

function measureDraw(
  { examples, target, groups, resamples }: Measuring,
  baseline: Baseline,
  training: Int32Array,
  draw: number,
): Measured {
  const judge = judgeOf(examples, target, training);
  const chosen = baseline.choose(judge);
  const fit = onceFor(training, chosen.fit);
  const { merit } = judge(fit);
  const outputs = fit(training)(examples.test);
  const sums = outputs.map(({ answer }, i) =>
    target.sums(answer, examples.truths[examples.test[i]!]!),
  );
  const byGroup = sumsByGroup(sums, groups, resamples[0]!.length);
  const test = target.meritOf(total(byGroup));
  const validation = Number.isNaN(merit) ? null : merit;
  const answers =
    target.kind === 'timestep-class'
      ? {}
      : { answers: outputs.map(({ answer }) => Array.from(answer)) };
  return { draw: { draw, setting: chosen.setting, validation, test, ...answers }, byGroup };
}

/** Both the validation and the test figure need the fit on the whole draw. */
function onceFor(training: Int32Array, fit: Fit): Fit {
  let known: Predict | undefined;
  return (some) => {
    if (some !== training) return fit(some);
    known ??= fit(training);
    return known;
  };
}

function meanOfCell({ target, resamples }: Measuring, measured: readonly Measured[]) {
  const figures = measured.map(
    ({ byGroup }) =>
      (times: ArrayLike<number>) =>
        target.meritOf(total(byGroup, times)),
  );
  const { mean, low, high, testVariance } = meanOverDraws(resamples, figures);
  const bounds = { testVariance, groups: resamples[0]!.length, isShare: target.kind !== 'numbers' };
  return { mean, ...withinBounds(mean, { low, high }, bounds) };
}
