/** The models in closed form of a study: trained in seconds, on the same labels and test sequences as its networks. */

import type { LabelCount } from '../../baseline/label-draws.ts';
import { writeWhole } from '../../core/write-whole.ts';
import type { StoreOnDisk } from '../../data/format/open-store.ts';
import type { CellKey, CellResult } from '../cell.ts';
import { inThread, type ThreadHooks } from '../in-thread.ts';
import { cellPaths, readResult, type StudyFolder } from '../study-folder.ts';
import type { ClosedFormRequest } from './closed-form-thread.ts';
import { CLOSED_FORM, type ClosedForm, type LabelPlan } from './fits.ts';

const PROGRAM = new URL('./closed-form-thread.ts', import.meta.url);

export interface ClosedFormPlan extends LabelPlan {
  readonly labels: readonly LabelCount[];
  /** Name of the dataset. */
  readonly dataset: string;
}

/**
 * The results of one such model. The first call computes and keeps them, and the best model's folder.
 * @throws LockstepError what is wrong with the dataset; INTERRUPTED, TERMINATED
 */
export async function closedFormCell(
  family: ClosedForm,
  { path: store }: StoreOnDisk,
  { dataset, ...labels }: ClosedFormPlan,
  { folder, hooks }: { readonly folder: StudyFolder; readonly hooks: ThreadHooks },
): Promise<CellResult> {
  const key: CellKey = { dataset, network: family, recipe: CLOSED_FORM, share: 1 };
  const { run: runFolder, result } = cellPaths(folder, key);
  const known = readResult<CellResult>({ result });
  if (known !== undefined) return known;
  const request = { family, dataset, store, runFolder, ...labels };
  const fitted = await inThread<ClosedFormRequest, CellResult>(PROGRAM, request, hooks);
  const cell = { ...fitted, measured: inEachDraw(fitted.measured, labels.draws) };
  writeWhole(result, `${JSON.stringify(cell, null, 2)}\n`);
  return cell;
}

/** Where all draws are the same labels, the one result counts for each. */
function inEachDraw(measured: CellResult['measured'], draws: number): CellResult['measured'] {
  const counts = [...new Set(measured.map(({ labels }) => labels))];
  return counts.flatMap((count) => {
    const own = measured.filter(({ labels }) => labels === count);
    return Array.from({ length: draws }, (_, draw) => ({ ...(own[draw] ?? own[0]!), draw }));
  });
}
