/** The baselines of a study: what its networks are compared with, on the same labels and test sequences. */
import { join } from 'node:path';
import type { LabelCount } from '../baseline/label-draws.ts';
import type { BaselineResult, BaselinesReport, LabelCountFacts } from '../baseline/report.ts';
import { writeWhole } from '../core/write-whole.ts';
import type { BaselinesRequest } from './baselines-thread.ts';
import { byCount, type CellResult, type MeasuredResult } from './cell.ts';
import { inThread, type ThreadHooks } from './in-thread.ts';
import type { StudyConfig, StudyDataset } from './study-config.ts';
import { readKept, type StudyFolder } from './study-folder.ts';

const PROGRAM = new URL('./baselines-thread.ts', import.meta.url);
/** Stands for a network in the results of baselines. */
export const BASELINE = 'baseline';

/**
 * The report on a dataset's baselines with the label counts of its networks. The first call computes it and keeps it
 * in the folder.
 * @throws LockstepError what is wrong with the dataset; INTERRUPTED, TERMINATED
 */
export async function baselinesReport(
  { seed }: StudyConfig,
  dataset: StudyDataset,
  { folder, hooks }: { readonly folder: StudyFolder; readonly hooks: ThreadHooks },
): Promise<BaselinesReport> {
  const path = join(folder.path, `baselines-${dataset.name}.json`);
  const kept = readKept<BaselinesReport>(path);
  if (kept !== undefined) return kept;
  const { labels, draws } = labelsOf(dataset);
  const request = { store: dataset.data.store, labels, draws, seed };
  const report = await inThread<BaselinesRequest, BaselinesReport>(PROGRAM, request, hooks);
  writeWhole(path, `${JSON.stringify(report)}\n`);
  return report;
}

/** All label counts of the networks, ascending, and their largest number of draws. */
export function labelsOf({ networks }: StudyDataset): { labels: LabelCount[]; draws: number } {
  const all = Object.values(networks).flatMap(({ labels }) => labels);
  const counts = new Set(all.map(({ perClass, sequences }) => perClass ?? sequences ?? 'all'));
  return {
    labels: [...counts].sort(byCount),
    draws: Math.max(...all.map(({ draws }) => draws)),
  };
}

/**
 * A report's baselines as cells of the grid.
 * @param numberOf number of a sequence in the store, by its id
 * @param classOf class of a sequence, by its number
 */
export function baselineCells(
  report: BaselinesReport,
  dataset: StudyDataset,
  store: { numberOf(id: string): number; classOf(sequence: number): number },
): CellResult[] {
  const { draws } = labelsOf(dataset);
  const sequences = report.testSequences.map((id) => store.numberOf(id));
  const order = [...sequences.keys()].sort((a, b) => sequences[a]! - sequences[b]!);
  const testSequences = order.map((place) => sequences[place]!);
  return report.baselines.map((baseline) => ({
    key: { dataset: dataset.name, network: BASELINE, recipe: baseline.name, share: 1 },
    merit: report.merit,
    seconds: report.seconds / report.baselines.length,
    pretexts: [],
    testSequences,
    measured: report.labelCounts.flatMap((count, column) =>
      measuredOf(baseline, column, count, draws).map((one) => ({
        ...one.result,
        ...(report.task === 'class' &&
          one.answers && {
            hits: order
              .map((place) =>
                one.answers![place]![0] === store.classOf(sequences[place]!) ? '1' : '0',
              )
              .join(''),
          }),
      })),
    ),
  }));
}

interface Answered {
  readonly result: MeasuredResult;
  readonly answers: readonly (readonly number[])[] | undefined;
}

/** One result a draw; where all draws are the same labels, the one result counts for each. */
function measuredOf(
  { cells }: BaselineResult,
  column: number,
  { labels, unit }: LabelCountFacts,
  draws: number,
): Answered[] {
  const known = cells[column]!.draws;
  return Array.from({ length: draws }, (_, draw) => {
    const { validation, test, answers } = known[draw] ?? known[0]!;
    const phase = `labels-${labels}-draw-${draw}`;
    const result = { phase, labels, unit, draw, validation: validation ?? 0 };
    return { result: { ...result, test: { value: test, byLengthQuartile: [] } }, answers };
  });
}
