/** First weights that follow from the training sequences: a pure function of configuration and data. */
import type { Weights } from '../checkpoint/state-tensors.ts';
import { subsetSection } from '../config/phase-section.ts';
import type { Store } from '../data/format/store.ts';
import { selectSubset } from '../data/plan/subset.ts';
import { initialState } from '../nn/initial-state.ts';
import type { RunDefinition } from './definition.ts';

/**
 * Random weights with what the model fits in their place; undefined when it fits nothing. Labels are not read.
 * @throws LockstepError DATA_INVALID when the training sequences don't suffice
 */
export async function fittedWeights(
  run: RunDefinition,
  store: Pick<Store, 'read'>,
): Promise<Weights | undefined> {
  const { config, layout, model, parameters } = run;
  if (model.fit === undefined) return undefined;
  const state = initialState(parameters, layout, { seed: config.seed, momentCount: 0 });
  const found = await model.fit.of(trainingSequences(run, store, model.fit.sequences));
  for (const [name, values] of found) {
    const { offset, size } = layout.parameters.find((slot) => slot.name === name)!;
    state.parameters.set(values.subarray(0, size), offset);
  }
  return { parameters: state.parameters, statistics: state.statistics };
}

async function* trainingSequences(
  { config, store: { index, manifest } }: RunDefinition,
  store: Pick<Store, 'read'>,
  maxSequences: number,
): AsyncGenerator<Int32Array | Float32Array> {
  const { sequences } = selectSubset({
    index,
    classes: manifest.classes,
    subset: subsetSection.parse({ split: 'train', maxSequences }),
    seed: config.seed,
    labelled: false,
  });
  for (const sequence of sequences) yield await store.read(sequence, 0, index.lengths[sequence]!);
}
