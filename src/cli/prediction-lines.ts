/** Predictions as lines of CSV or JSONL, in the order in which they are computed: longest first. */

import { LockstepError } from '../core/errors.ts';
import type { StoreOnDisk } from '../data/format/open-store.ts';
import { SPLITS, type Split } from '../data/format/store.ts';
import type { View } from '../data/plan/view.ts';
import { createEngine } from '../engine/select.ts';
import { mostLikely } from '../evaluation/classification-report.ts';
import { predict } from '../evaluation/predict.ts';
import { loadTrainedModel, openRunStore } from './load-model.ts';

export type PredictionFormat = 'csv' | 'jsonl';

/** CSV begins with a header. @throws LockstepError what is wrong with run, weights or data */
export async function* predictionLines(options: {
  run: string;
  phase: string | undefined;
  data: string | undefined;
  split: string | undefined;
  format: PredictionFormat;
}): AsyncGenerator<string, void> {
  const { config, trained, store } = await openRunStore(options.run, options.data);
  try {
    const model = await loadTrainedModel(options, config, trained);
    const { classes } = trained.manifest;
    refuseOtherValues(trained, store);
    const phase = model.run.phases[model.phaseIndex]!;
    const source = predict({
      engine: createEngine(config.engine),
      program: phase.program,
      weights: model.weights,
      store,
      view: wholeView(store, options.split as Split | undefined),
      batch: phase.config.batch ?? config.batch,
    });
    const ids = store.ids();
    if (options.format === 'csv') {
      yield ['id', 'class', ...classes.map((name) => `p(${name})`)].map(csvCell).join(',');
    }
    for await (const { sequence, probabilities } of source) {
      const name = classes[mostLikely(probabilities)]!;
      yield options.format === 'csv'
        ? [ids[sequence]!, name, ...Array.from(probabilities, round)]
            .map(String)
            .map(csvCell)
            .join(',')
        : JSON.stringify({
            id: ids[sequence],
            class: name,
            probabilities: Object.fromEntries(
              classes.map((name, label) => [name, round(probabilities[label]!)]),
            ),
          });
    }
  } finally {
    await store.close();
    if (store !== trained) await trained.close();
  }
}

/** Every sequence, or those of a split. */
function wholeView({ index }: StoreOnDisk, split: Split | undefined): View {
  const all = Int32Array.from(index.lengths.keys());
  const sequences =
    split === undefined
      ? all
      : all.filter((sequence) => index.splits[sequence] === SPLITS.indexOf(split));
  return {
    sequences,
    effectiveLengths: sequences.map((sequence) => index.lengths[sequence]!),
    storeLengths: index.lengths,
  };
}

function refuseOtherValues(trained: StoreOnDisk, store: StoreOnDisk): void {
  const [known, found] = [trained.manifest, store.manifest];
  const bothReal = known.valueType === 'float32' && found.valueType === 'float32';
  const fits =
    known.valueType !== 'float32' &&
    found.valueType !== 'float32' &&
    found.valueRange.maximum <= known.valueRange.maximum;
  if (bothReal || fits) return;
  const describe = ({ valueType, valueRange }: typeof known) =>
    `${valueType} values of ${valueRange.minimum}…${valueRange.maximum}`;
  throw new LockstepError(
    'DATA_INVALID',
    `The dataset has ${describe(found)}, the model was trained on ${describe(known)}.`,
    'Import the data as the training data were imported.',
  );
}

const round = (probability: number): number => Number(probability.toFixed(6));

/** Quoted where needed (RFC 4180). A leading =, +, - or @ is left as it is: ids must stay what they are. */
function csvCell(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
