/** Learning rates: pure functions of the step in the phase. */
import type { LearningRateConfig } from '../../config/phase-section.ts';

/**
 * The learning rate of step `step` (from 0) of a phase of `steps`.
 *
 * `warmup-cosine`, with W = warmupSteps: step s < W gets peak · (s + 1) / W, so step 0 gets peak / W and
 * step W − 1 exactly the peak. From there half a cosine falls to exactly finalFraction · peak at the last
 * step (Loshchilov & Hutter, "SGDR", ICLR 2017, one period). Without a warm-up step 0 gets the peak. A
 * warm-up as long as the phase ends it at the peak.
 */
export function learningRateAt(rate: LearningRateConfig, step: number, steps: number): number {
  if (rate.kind === 'constant') return rate.value;
  const { peak, warmupSteps, finalFraction } = rate;
  if (step < warmupSteps) return peak * ((step + 1) / warmupSteps);
  const peakStep = Math.max(0, warmupSteps - 1);
  if (step === peakStep) return peak;
  const progress = (step - peakStep) / (steps - 1 - peakStep);
  const fallen = (1 - Math.cos(Math.PI * progress)) / 2;
  return peak * (1 - fallen + fallen * finalFraction);
}
