/** Plans over a made-up index: `plan-program.ts REQUEST`. Prints its times and memory as JSON. */
import type { BatchConfig } from '../../config/phase-section.ts';
import { makePlan } from '../../data/plan/make-plan.ts';
import { selectSubset } from '../../data/plan/subset.ts';
import { peakMemory } from '../peak-memory.ts';
import { FULL_RANGE } from './lengths.ts';

export interface PlanRequest {
  readonly sequences: number;
}

export interface PlanAnswer {
  /** From the index to the first step. */
  readonly firstStepMs: number;
  /** Mean of later steps. */
  readonly laterStepMs: number;
  readonly peakBytes: number;
  readonly stepsPerEpoch: number;
}

const CLASSES = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
const LATER_STEPS = 1000;
const BATCH: BatchConfig = {
  ...{ microBatches: 4, tokensPerMicroBatch: 65_536, maxRows: 64, grouping: 'length' },
};

/** As an index would be after it was read: 70 % for training. */
function madeUpIndex(sequences: number) {
  const lengths = new Int32Array(sequences);
  const labels = new Int8Array(sequences);
  const splits = new Uint8Array(sequences);
  const ratio = FULL_RANGE.maximum / FULL_RANGE.minimum;
  for (let i = 0; i < sequences; i++) {
    lengths[i] = Math.floor(FULL_RANGE.minimum * ratio ** (i / sequences));
    labels[i] = i % CLASSES.length;
    splits[i] = [0, 0, 0, 0, 0, 0, 0, 1, 2, 2][i % 10]!;
  }
  return { lengths, labels, splits };
}

function timePlan({ sequences }: PlanRequest): PlanAnswer {
  const index = madeUpIndex(sequences);
  const start = performance.now();
  const subset = selectSubset({
    ...{ index, classes: CLASSES, seed: 1, labelled: false },
    subset: { split: 'train', draw: 0 },
  });
  const plan = makePlan({ subset, batch: BATCH, seed: 1, phase: 0 });
  plan.stepAt(0);
  const firstStepMs = performance.now() - start;
  const later = performance.now();
  const { stepsPerEpoch } = plan;
  for (let i = 1; i <= LATER_STEPS; i++) plan.stepAt((i * 7919) % stepsPerEpoch);
  const laterStepMs = (performance.now() - later) / LATER_STEPS;
  return { firstStepMs, laterStepMs, peakBytes: peakMemory(), stepsPerEpoch };
}

process.stdout.write(JSON.stringify(timePlan(JSON.parse(process.argv[2]!) as PlanRequest)));
