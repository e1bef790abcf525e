/**
 * Numbers that are not finite, and what becomes of them. In a sum they stay so: NaN and infinity absorb whatever
 * is added. So whether a step is skipped is read off the reduced vector, alike on every rank and each time that
 * the step is done; only who spoilt it has to be found before the sum, leaf by leaf.
 */

import { LockstepError } from '../../core/errors.ts';
import { firstNonFinite } from '../../core/first-non-finite.ts';
import type { MicroBatch, Program, Session } from '../../engine/engine.ts';
import type { SpoiltMicroBatch } from '../../telemetry/skipped-step.ts';

/** What a rank reports of one micro-batch. */
const MOST_SEQUENCES = 64;
const SHOWN_SEQUENCES = 8;
const ADVICE =
  'Lower the learning rate or set optimizer.clipNorm; if it is so from the first step, look at the weights that the run started from.';

export interface LeafSource {
  readonly program: Program;
  readonly session: Pick<Session, 'inspect'>;
  readonly batch: MicroBatch;
  readonly rank: number;
  readonly globalStep: number;
  readonly microBatch: number;
}

/** The micro-batch whose leaf has a NaN or an infinity, with the first layer that has one; null for a finite leaf. */
export function findNonFinite(leaf: Float32Array, source: LeafSource): SpoiltMicroBatch | null {
  const position = firstNonFinite(leaf);
  if (position < 0) return null;
  const { program, session, batch, rank, globalStep, microBatch } = source;
  const sequences = [...batch.sequences.subarray(0, MOST_SEQUENCES)];
  const shown = sequences.slice(0, SHOWN_SEQUENCES).join(', ');
  const more = batch.sequences.length > SHOWN_SEQUENCES ? ', …' : '';
  const layer = session.inspect(batch).find(({ nonFinite }) => nonFinite > 0)?.layer ?? null;
  const where =
    layer === null
      ? 'all activations are finite'
      : `"${layer}" is the first layer whose activations are not finite`;
  const text = `${nameOf(position, program)} is ${leaf[position]} in step ${globalStep}, micro-batch ${microBatch} (sequences ${shown}${more}); ${where}`;
  return { rank, microBatch, sequences, layer, text };
}

/** Ends the run by a micro-batch. */
export function nonFiniteLeaf({ text }: SpoiltMicroBatch): LockstepError {
  return new LockstepError('NON_FINITE', `${text}.`, ADVICE);
}

/** Ends the run by a sum of finite leaves that is too large for a float32: every rank has it. */
export function nonFiniteSum(
  total: Float32Array,
  position: number,
  { program, globalStep }: Pick<LeafSource, 'program' | 'globalStep'>,
): LockstepError {
  const message = `${nameOf(position, program)} is ${total[position]} in the sum over step ${globalStep}, although it is finite in every micro-batch.`;
  return new LockstepError('NON_FINITE', message, ADVICE);
}

/** Ends the run by too many skipped steps, `globalStep` being the last; `spoilt` are this rank's micro-batches of it. */
export function tooManySkipped(
  { limit, skipped, globalStep }: { limit: number; skipped: number; globalStep: number },
  spoilt: readonly SpoiltMicroBatch[],
): LockstepError {
  const last = spoilt.length === 0 ? '' : ` ${spoilt.map(({ text }) => `${text}.`).join(' ')}`;
  const message = `The gradients of ${skipped} steps in a row, ${globalStep - skipped + 1} to ${globalStep}, are not finite: nonFinite.limit is ${limit}.${last}`;
  return new LockstepError('NON_FINITE', message, `The log names their micro-batches. ${ADVICE}`);
}

/** What a position of the leaf holds. */
function nameOf(position: number, { state, leaf }: Program): string {
  if (position < leaf.parameterCount) {
    const slot = state.parameters.find(({ offset, size }) => position < offset + size);
    return `The gradient of "${slot?.name}"`;
  }
  const sum = leaf.sums[position - leaf.sumOffset];
  if (sum !== undefined) return `The sum "${sum}"`;
  const layer = leaf.normLayers.findLast(({ offset }) => offset <= position);
  return `A batch statistic of "${layer?.name}"`;
}
