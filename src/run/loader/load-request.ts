/** Which micro-batch the trainer wants next. */

export type LoadRequest =
  | {
      readonly kind: 'training';
      readonly phase: number;
      /** From 0. */
      readonly stepInPhase: number;
      /** Position in the step's micro-batches. */
      readonly microBatch: number;
    }
  | { readonly kind: 'evaluation' | 'probe'; readonly phase: number; readonly microBatch: number };

export function sameRequest(a: LoadRequest, b: LoadRequest): boolean {
  if (a.phase !== b.phase || a.microBatch !== b.microBatch || a.kind !== b.kind) return false;
  return a.kind !== 'training' || b.kind !== 'training' || a.stepInPhase === b.stepInPhase;
}
