/** From a request to a micro-batch ready for the engine: plan, read, pad, prepare. */

import { collate } from '../../data/collate.ts';
import type { Store } from '../../data/format/store.ts';
import { scaleRows } from '../../data/scaling/scale-rows.ts';
import type { MicroBatch } from '../../engine/engine.ts';
import { bareMicroBatch, EVALUATION_EPOCH, microBatchOf } from '../../nn/objective/objective.ts';
import type { PhaseData } from '../phase.ts';
import type { LoadRequest } from './load-request.ts';

export async function loadMicroBatch(
  store: Store,
  phases: readonly PhaseData[],
  request: LoadRequest,
): Promise<MicroBatch> {
  const phase = phases[request.phase]!;
  const { microBatch } = request;
  const { objective, facts } = phase;
  switch (request.kind) {
    case 'training': {
      const planned = phase.plan.stepAt(request.stepInPhase).microBatches[microBatch]!;
      return microBatchOf(objective, await collate(store, planned), facts.scaling);
    }
    case 'evaluation': {
      const rows = await collate(store, phase.evaluation!.at(microBatch), EVALUATION_EPOCH);
      return microBatchOf(objective, rows, facts.scaling);
    }
    case 'probe': {
      const rows = await collate(store, phase.probe!.microBatches[microBatch]!);
      return bareMicroBatch(scaleRows(rows, facts.scaling));
    }
  }
}
