/** The probe of a phase's evaluation: the features of its sequences, gathered from all workers, and what they tell. */
import { reduceInput } from '../../collective/exchange-round.ts';
import type { Measured } from '../../nn/objective/objective.ts';
import { histograms } from '../../nn/probe/histograms.ts';
import { probe as measureProbe } from '../../nn/probe/probe.ts';
import { probeShare } from '../../run/load-order.ts';
import { canonicalTree } from './canonical-tree.ts';
import type { StepInput } from './observed-step.ts';

type ProbeInput = Omit<StepInput, 'faults'>;

/**
 * The metric `probe`, beside the share of the most frequent class and, for symbols, what the same rule makes of their
 * histograms; undefined for a phase without a probe.
 * @throws MembershipChanged
 */
export async function probeFeatures(
  input: ProbeInput,
  phase: number,
): Promise<Measured | undefined> {
  const { probe, facts } = input.run.phases[phase]!;
  if (probe === undefined) return undefined;
  const { labels, known, classes, config } = probe;
  const width = input.run.model.channels;
  const symbols = facts.channels === 1 ? facts.symbols : 0;
  const all = await gather(input, phase, { width, symbols });
  const measured = (features: Float32Array, width: number) =>
    measureProbe(config, { features, width, labels, known, classes });
  const { accuracy, mostFrequent } = measured(all.subarray(0, labels.length * width), width);
  const counted = all.subarray(labels.length * width);
  const histogram = symbols > 0 && { histogram: measured(counted, symbols).accuracy };
  return { metrics: { probe: accuracy }, baselines: { probe: { mostFrequent, ...histogram } } };
}

/**
 * `[rows, width]` features, then `[rows, symbols]` histograms of all sequences. Each micro-batch is a leaf with the
 * numbers of its own rows and 0 elsewhere, so their sum is all of them.
 */
async function gather(
  { run, worldRank, session, loader, comm, globalStep }: ProbeInput,
  phase: number,
  { width, symbols }: { readonly width: number; readonly symbols: number },
): Promise<Float32Array> {
  const { labels, microBatches: planned } = run.phases[phase]!.probe!;
  const length = labels.length * (width + symbols);
  const { share, microBatches } = probeShare(run, worldRank, phase);
  const tree = canonicalTree(microBatches);
  let row = planned.slice(0, share.begin).reduce((sum, { rows }) => sum + rows.length, 0);
  for (let microBatch = share.begin; microBatch < share.end; microBatch++) {
    const batch = await loader.next({ kind: 'probe', phase, microBatch });
    const leaf = new Float32Array(length);
    leaf.set(session.forward(batch).data, row * width);
    leaf.set(histograms(batch, symbols), labels.length * width + row * symbols);
    tree.push(microBatch, leaf);
    row += batch.rows;
  }
  return await comm.allReduce(reduceInput(tree, { step: globalStep, microBatches, length }));
}
