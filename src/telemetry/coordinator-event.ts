/** What a coordinator knows while a run goes on, as it comes: see run-event.ts for what a reader gets. */
import type { JsonObject } from '../core/json.ts';

export type CoordinatorEvent =
  /** A decision and its reason, in one sentence. */
  | {
      readonly kind: 'status';
      readonly text: string;
      /** Of what a person who looks at the run should know, such as a lost worker. */
      readonly isWarning?: boolean;
    }
  /** One global step: reduced sums, equal on all ranks, and each rank's report in order of rank. */
  | {
      readonly kind: 'step';
      readonly step: number;
      readonly sums: Readonly<Record<string, number>>;
      readonly reports: readonly JsonObject[];
    }
  /** Whatever a rank wants to be known: an evaluation's result, a saved checkpoint. */
  | {
      readonly kind: 'event';
      readonly rank: number;
      readonly step: number;
      readonly payload: JsonObject;
    };
