/** The thread that computes the baselines of a study. */
import { baselines } from '../baseline/baselines.ts';
import type { LabelCount } from '../baseline/label-draws.ts';
import type { BaselinesReport } from '../baseline/report.ts';
import { answerRequest } from './in-thread.ts';

export interface BaselinesRequest {
  readonly store: string;
  readonly labels: readonly LabelCount[];
  readonly draws: number;
  readonly seed: number;
}

await answerRequest<BaselinesRequest, BaselinesReport>(
  async (request, onProgress) => await baselines({ ...request, onProgress }),
);
