/** From a request to a micro-batch ready for the engine: plan, read, pad, prepare. */
import type { MicroBatch } from '../../engine/engine.ts';
import { EVALUATION_EPOCH, microBatchOf } from '../../objective/objective.ts';
import type { Store } from '../format/store.ts';
import type { LoadRequest } from './load-request.ts';
import { readPaddedRows } from './pad-rows.ts';
import type { PhaseData } from './phase-data.ts';

export async function loadMicroBatch(
  store: Store,
  phases: readonly PhaseData[],
  request: LoadRequest,
): Promise<MicroBatch> {
  const phase = phases[request.phase]!;
  const rows =
    request.kind === 'training'
      ? await readPaddedRows(
          store,
          phase.plan.stepAt(request.stepInPhase).microBatches[request.microBatch]!,
        )
      : await readPaddedRows(store, phase.evaluation!.at(request.microBatch), EVALUATION_EPOCH);
  return microBatchOf(phase.objective, rows);
}
