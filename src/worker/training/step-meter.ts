/** Measures one training step: where its time goes, and how much this rank computes. */

import { Stopwatch } from './stopwatch.ts';
import type { StepParts } from './train-step.ts';

export class StepMeter {
  readonly parts: StepParts;
  readonly watch = new Stopwatch(['dataMs', 'computeMs', 'exchangeMs', 'applyMs']);
  /** Valid positions that this rank computed. */
  tokens = 0;
  /** The same with padding. */
  positions = 0;

  constructor({ session, loader, comm }: StepParts) {
    const { watch } = this;
    this.parts = {
      loader: {
        next: async (request) => {
          const batch = await watch.time('dataMs', () => loader.next(request));
          this.tokens += batch.lengths.reduce((sum, length) => sum + length, 0);
          this.positions += batch.rows * batch.paddedLength;
          return batch;
        },
      },
      session: {
        gradients: (batch) => watch.timeSync('computeMs', () => session.gradients(batch)),
        merge: (left, right) => session.merge(left, right),
        apply: (input) => watch.timeSync('applyMs', () => session.apply(input)),
      },
      comm: {
        checkMembership: () => comm.checkMembership(),
        offer: (shape, subtree) => comm.offer(shape, subtree),
        allReduce: (input) => watch.time('exchangeMs', () => comm.allReduce(input)),
      },
    };
  }
}
