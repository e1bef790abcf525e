/** From a request to a micro-batch ready for the engine: plan, read, pad, prepare. */

import { collate } from '../../data/collate.ts';
import type { Store } from '../../data/format/store.ts';
import type { MicroBatch } from '../../engine/engine.ts';
import { EVALUATION_EPOCH, microBatchOf } from '../../nn/objective/objective.ts';
import type { PhaseData } from '../phase.ts';
import type { LoadRequest } from './load-request.ts';

export async function loadMicroBatch(
  store: Store,
  phases: readonly PhaseData[],
  request: LoadRequest,
): Promise<MicroBatch> {
  const phase = phases[request.phase]!;
  const rows =
    request.kind === 'training'
      ? await collate(
          store,
          phase.plan.stepAt(request.stepInPhase).microBatches[request.microBatch]!,
        )
      : await collate(store, phase.evaluation!.at(request.microBatch), EVALUATION_EPOCH);
  return microBatchOf(phase.objective, rows, phase.facts.scaling);
}
