/** Predicts the labelled sequences of a split and compares. */
import type { Split } from '../data/format/store.ts';
import { selectView } from '../data/plan/view.ts';
import { createEngine } from '../engine/select.ts';
import {
  type ClassificationReport,
  classificationReport,
  type LabelledPrediction,
} from '../evaluation/classification-report.ts';
import { predict } from '../evaluation/predict.ts';
import { loadTrainedModel, openRunStore } from './load-model.ts';
import { matchClasses } from './match-classes.ts';

export interface EvaluationResult extends ClassificationReport {
  readonly run: string;
  readonly weights: string;
  readonly dataset: string;
  readonly split: Split;
  /** Steps of each sequence that were looked at; all when absent. */
  readonly crop?: number;
  readonly classes: readonly string[];
}

/** @throws LockstepError what is wrong with run, weights or data */
export async function evaluateRun(options: {
  run: string;
  phase: string | undefined;
  split: Split;
  data: string | undefined;
  crop: number | undefined;
}): Promise<EvaluationResult> {
  const { config, trained, store } = await openRunStore(options.run, options.data);
  try {
    const model = await loadTrainedModel(options, config, trained);
    const classes = trained.manifest.classes;
    const toModelLabel = matchClasses(classes, store.manifest.classes);
    const view = selectView({
      index: store.index,
      classes: store.manifest.classes,
      view: {
        split: options.split,
        draw: 0,
        ...(options.crop !== undefined && { crop: options.crop }),
      },
      seed: config.seed,
      labelled: true,
    });
    const phase = model.run.phases[model.phaseIndex]!;
    const predictions: LabelledPrediction[] = [];
    const source = predict({
      engine: createEngine(config.engine),
      program: phase.program,
      weights: model.weights,
      store,
      view,
      batch: phase.config.batch ?? config.batch,
    });
    for await (const { sequence, probabilities } of source) {
      const label = toModelLabel[store.index.labels[sequence]!]!;
      predictions.push({ label, probabilities, length: store.index.lengths[sequence]! });
    }
    const { run, split, crop } = options;
    const facts = { run, weights: model.source, dataset: store.path, split, classes };
    const cropped = crop === undefined ? {} : { crop };
    return { ...facts, ...cropped, ...classificationReport(predictions, classes.length) };
  } finally {
    await store.close();
    if (store !== trained) await trained.close();
  }
}
