/**
 * Keeps numbers that are not finite away from the weights. In a sum they stay: NaN and infinity absorb whatever is
 * added. So whether a step is skipped follows from the total, alike on every rank and each time that the step is
 * done; only the micro-batch that spoilt it has to be found before the sum, leaf by leaf.
 */
import { firstNonFinite } from '../../core/first-non-finite.ts';
import type { ApplyInput, MicroBatch, Program, Session } from '../../engine/engine.ts';
import type { LoadRequest } from '../../run/loader/load-request.ts';
import type { SpoiltMicroBatch } from '../../telemetry/skipped-step.ts';
import { findNonFinite, nonFiniteLeaf, nonFiniteSum } from './non-finite.ts';
import type { StepParts } from './train-step.ts';

/** Micro-batches of one step that are looked into. */
const MOST_SPOILT = 16;

export interface GuardOptions {
  readonly program: Program;
  readonly session: Pick<Session, 'inspect'>;
  readonly rank: number;
  readonly globalStep: number;
  /** Whether the run ends instead of skipping the step. */
  readonly stops: boolean;
}

/** Guards one step: `parts` behave as those given, but throw NON_FINITE or skip the update. */
export class FiniteGuard {
  readonly parts: StepParts;
  /** This rank's micro-batches that are not finite; the first ones of many. */
  readonly spoilt: SpoiltMicroBatch[] = [];
  /** Whether the update was skipped. */
  isSkipped = false;
  readonly #options: GuardOptions;
  #microBatch = 0;

  constructor({ session, loader, comm }: StepParts, options: GuardOptions) {
    this.#options = options;
    this.parts = {
      comm,
      loader: {
        next: (request: LoadRequest) => {
          this.#microBatch = request.microBatch;
          return loader.next(request);
        },
      },
      session: {
        gradients: (batch) => this.#checkedLeaf(session.gradients(batch), batch),
        merge: (left, right) => session.merge(left, right),
        apply: (input) => this.#applyIfFinite(session, input),
      },
    };
  }

  #checkedLeaf(leaf: Float32Array, batch: MicroBatch): Float32Array {
    if (this.spoilt.length === MOST_SPOILT) return leaf;
    const source = { ...this.#options, batch, microBatch: this.#microBatch };
    const found = findNonFinite(leaf, source);
    if (found === null) return leaf;
    if (this.#options.stops) throw nonFiniteLeaf(found);
    this.spoilt.push(found);
    return leaf;
  }

  #applyIfFinite(session: Pick<Session, 'apply'>, input: ApplyInput): void {
    const position = firstNonFinite(input.total);
    this.isSkipped = position >= 0;
    if (!this.isSkipped) session.apply(input);
    else if (this.#options.stops) throw nonFiniteSum(input.total, position, this.#options);
  }
}
