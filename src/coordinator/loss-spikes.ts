/**
 * Notices a loss that jumps: a pure reducer over the loss of each step, which is the same on all ranks. It only warns;
 * what to do about it, a smaller learning rate or an earlier checkpoint, is not for a machine to decide.
 */
import type { JsonObject } from '../core/json.ts';
import { median } from '../core/median.ts';

/** Steps before that a step is compared with. */
const WINDOW = 50;
/** A loss jumps when it exceeds the median by this multiple of the median distance from it, and the largest by FACTOR. */
const DISTANCES = 12;
const FACTOR = 1.5;

export interface LossSpikesState {
  readonly phase: string;
  /** The last ones that did not jump, oldest first. */
  readonly losses: readonly number[];
  /** Steps since the loss jumped; 0 when it is down again. */
  readonly highFor: number;
}

export const NO_LOSSES: LossSpikesState = { phase: '', losses: [], highFor: 0 };

/**
 * @param step from 0
 * @param report of any rank: its phase and metrics
 * @returns the next state, and the warning that is due, if any
 */
export function reduceLossSpikes(
  before: LossSpikesState,
  step: number,
  { phase, metrics }: JsonObject,
): { readonly state: LossSpikesState; readonly warning: string } {
  const loss = (metrics as JsonObject | null | undefined)?.loss;
  if (typeof phase !== 'string' || typeof loss !== 'number') return { state: before, warning: '' };
  const { losses, highFor } = phase === before.phase ? before : NO_LOSSES;
  if (!isJump(losses, loss)) {
    return { state: { phase, losses: [...losses, loss].slice(-WINDOW), highFor: 0 }, warning: '' };
  }
  // One that stays up is what later steps are measured by, in the end.
  const state =
    highFor < WINDOW ? { phase, losses, highFor: highFor + 1 } : { ...NO_LOSSES, phase };
  return { state, warning: highFor === 0 ? describe(step, loss, median(losses)) : '' };
}

function isJump(losses: readonly number[], loss: number): boolean {
  if (losses.length < WINDOW) return false;
  const middle = median(losses);
  const distance = median(losses.map((one) => Math.abs(one - middle)));
  return loss > middle + DISTANCES * distance && loss > FACTOR * Math.max(...losses);
}

function describe(step: number, loss: number, middle: number): string {
  return `The loss jumps: ${loss.toPrecision(4)} in step ${step}, ${middle.toPrecision(4)} in the middle of the ${WINDOW} steps before. If it stays up, lower the learning rate or resume from an earlier checkpoint.`;
}
