import { LockstepError } from '../core/errors.ts';
import type { MicroBatch, Program, Session } from '../engine/engine.ts';

/**
 * A leaf with a NaN or an infinity must not reach the sum, where nobody could tell whose it was.
 * @throws LockstepError NON_FINITE naming the step, the micro-batch, its sequences and the first layer
 */
export function refuseNonFinite(
  leaf: Float32Array,
  place: {
    program: Program;
    session: Session;
    batch: MicroBatch;
    globalStep: number;
    microBatch: number;
  },
): void {
  const position = leaf.findIndex((value) => !Number.isFinite(value));
  if (position < 0) return;
  const { program, session, batch, globalStep, microBatch } = place;
  const shown = [...batch.sequences.subarray(0, 8)].join(', ');
  const more = batch.sequences.length > 8 ? ', …' : '';
  const layer = session.inspect(batch).find(({ nonFinite }) => nonFinite > 0)?.layer;
  const where =
    layer === undefined
      ? 'all activations are finite'
      : `"${layer}" is the first layer whose activations are not finite`;
  throw new LockstepError(
    'NON_FINITE',
    `${nameOf(position, program)} is ${leaf[position]} in step ${globalStep}, micro-batch ${microBatch} (sequences ${shown}${more}); ${where}.`,
    'Lower the learning rate or set optimizer.clipNorm; if it is so from the first step, look at the weights that the run started from.',
  );
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
