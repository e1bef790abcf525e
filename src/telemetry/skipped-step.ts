/** A step whose update was left out: what its reports say of it, read and put in words. */
import type { JsonObject, JsonValue } from '../core/json.ts';
import type { CoordinatorEvent } from './coordinator-event.ts';

/** A micro-batch with numbers that are not finite, as its rank reports it. */
export interface SpoiltMicroBatch {
  readonly rank: number;
  /** Its number within the global step. */
  readonly microBatch: number;
  /** Numbers of its sequences in the store, the first ones of many. */
  readonly sequences: readonly number[];
  /** The first layer whose activations are not finite; null when all are. */
  readonly layer: string | null;
  /** What was found where, without a full stop. */
  readonly text: string;
}

/** Name of the reduced value by which all ranks say alike that a step was skipped. */
export const SKIPPED = 'skipped';

type Step = Pick<Extract<CoordinatorEvent, { kind: 'step' }>, 'step' | 'sums' | 'reports'>;

/** Name of the reduced value by which all ranks say alike that nothing was done, since a phase has ended early. */
export const PASSED = 'passed';

export const isPassed = ({ sums }: Pick<Step, 'sums'>): boolean => sums[PASSED] === 1;

export const isSkipped = ({ sums }: Pick<Step, 'sums'>): boolean => sums[SKIPPED] === 1;

/** Those that the ranks name, as the reports have them. */
export function spoiltMicroBatches({ reports }: Pick<Step, 'reports'>): readonly JsonObject[] {
  return reports
    .flatMap(({ nonFinite }) => (Array.isArray(nonFinite) ? nonFinite : []))
    .filter(isObject);
}

/** A sentence for each micro-batch that spoilt a skipped step, or one for the step; none for any other step. */
export function skippedStepWarnings(step: Step): string[] {
  if (!isSkipped(step)) return [];
  const named = spoiltMicroBatches(step).map(
    ({ text, rank }) => `${String(text)} on rank ${String(rank)}: the step's update is skipped`,
  );
  if (named.length > 0) return named;
  return [`the sum of step ${step.step} is not finite: its update is skipped`];
}

const isObject = (value: JsonValue): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
