/** The thread that computes the baselines of a study. */
import { parentPort, workerData } from 'node:worker_threads';
import { baselines } from '../baseline/baselines.ts';
import type { LabelCount } from '../baseline/label-draws.ts';
import type { BaselinesReport } from '../baseline/report.ts';
import { asLockstepError } from '../core/errors.ts';
import { type Failure, failureOfError } from '../core/failure.ts';

export interface BaselinesRequest {
  readonly store: string;
  readonly labels: readonly LabelCount[];
  readonly draws: number;
  readonly seed: number;
}

export type BaselinesMessage =
  | { readonly progress: string }
  | { readonly report: BaselinesReport }
  | { readonly failure: Failure };

const tell = (message: BaselinesMessage) => parentPort!.postMessage(message);

try {
  const request = workerData as BaselinesRequest;
  tell({ report: await baselines({ ...request, onProgress: (progress) => tell({ progress }) }) });
} catch (thrown) {
  tell({ failure: failureOfError(asLockstepError(thrown)) });
}
