/** Which sequences a probe of features reads: those whose labels it knows, and those that it is asked about. */
import type { PhaseConfig, ProbeConfig, SubsetConfig } from '../config/phase-section.ts';
import { LockstepError } from '../core/errors.ts';
import type { StoreFacts } from '../data/facts.ts';
import { TARGET_WORDS } from '../data/format/target.ts';
import { evaluationBatches } from '../data/plan/evaluation-batches.ts';
import type { RowLimits } from '../data/plan/length-class.ts';
import type { PlannedMicroBatch } from '../data/plan/plan.ts';
import { type Subset, selectSubset } from '../data/plan/subset.ts';

/** The probe of a phase's evaluations. */
export interface Probe {
  readonly config: ProbeConfig;
  /** Those of the known sequences, then those of the asked ones. */
  readonly microBatches: readonly PlannedMicroBatch[];
  /** `[rows]`: the class of each row of all micro-batches, one after the other. */
  readonly labels: Int32Array;
  /** Rows whose labels it knows: the first ones. */
  readonly known: number;
  readonly classes: number;
}

export interface ProbeRequest {
  readonly store: StoreFacts;
  readonly seed: number;
  readonly limits: RowLimits;
  /** Checks a subset against the budget; the key is that of its crop. */
  readonly check: (subset: Subset, cropKey: string) => void;
}

/**
 * The probe of a phase; undefined when it asks for none.
 * @throws LockstepError CONFIG_INVALID or DATA_INVALID when the sequences have no class each, or too few have one
 */
export function makeProbe(
  { evaluation }: Pick<PhaseConfig, 'evaluation'>,
  { store, seed, limits, check }: ProbeRequest,
): Probe | undefined {
  if (evaluation?.probe === undefined) return undefined;
  const { index, manifest } = store;
  const { kind } = manifest.target;
  if (kind !== 'class') throw noClasses(kind);
  const batchesOf = (subset: SubsetConfig, cropKey: string) => {
    const request = { index, classes: manifest.classes, subset, seed, labelled: true };
    const selected = selectSubset(request);
    check(selected, cropKey);
    const batches = evaluationBatches(selected, limits);
    return Array.from({ length: batches.length }, (_, position) => batches.at(position));
  };
  const known = batchesOf(evaluation.probe.data, 'evaluation.probe.data.crop');
  const asked = batchesOf(evaluation.data, 'evaluation.data.crop');
  const labelsOf = (batches: readonly PlannedMicroBatch[]) =>
    batches.flatMap(({ rows }) => rows.map(({ sequence }) => index.labels[sequence]!));
  return {
    config: evaluation.probe,
    microBatches: [...known, ...asked],
    labels: Int32Array.from([...labelsOf(known), ...labelsOf(asked)]),
    known: labelsOf(known).length,
    classes: manifest.classes.length,
  };
}

function noClasses(kind: keyof typeof TARGET_WORDS): LockstepError {
  return new LockstepError(
    'CONFIG_INVALID',
    `evaluation.probe names the class of a sequence, but the dataset has ${TARGET_WORDS[kind]}.`,
    'Leave evaluation.probe out.',
  );
}

/** Refuses a probe beside labels: what is learned from them has a measure of its own. */
export function refuseProbe(kind: string): LockstepError {
  return new LockstepError(
    'CONFIG_INVALID',
    `evaluation.probe is for objectives without labels; "${kind}" learns from labels, and its own metrics say how well.`,
    'Leave evaluation.probe out.',
  );
}
