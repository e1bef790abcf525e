/** All models that need no steps, as a table for the terminal. */
import { formatTable } from '../core/format.ts';
import { describeDifference } from '../statistics/paired-difference.ts';
import {
  allCounts,
  type DatasetResults,
  labelCounts,
  labelsText,
  meritText,
  modelName,
} from './results.ts';

/** Baselines and models in closed form by label count, and what the latter gain over the best baseline. */
export function firstTable(
  results: DatasetResults,
  { notes, seconds }: { readonly notes: readonly string[]; readonly seconds: number },
): string {
  const models = [...results.baselines, ...results.closedForms];
  const counts = allCounts(models);
  const [first] = models;
  return [
    `${first!.merit} on ${first!.testSequences.length} whole test sequences, mean ± deviation over draws of labels:`,
    '',
    formatTable([
      ['', ...counts.map((count) => labelsText(first!, [count]))],
      ...models.map((model) => [modelName(model), ...counts.map((one) => meritText(model, one))]),
      [
        'best baseline on validation',
        ...counts.map((count) => modelName(results.bestBaseline([count])!)),
      ],
    ]),
    '',
    ...(results.closedForms.length > 0
      ? ['Rows "lockstep …" are what these commands fit, all others are baselines.']
      : []),
    ...results.closedForms.flatMap((model) => gains(results, model)),
    ...notes,
    `Took ${seconds.toFixed(0)} s.`,
  ].join('\n');
}

function gains(results: DatasetResults, model: DatasetResults['baselines'][number]): string[] {
  return labelCounts(model).flatMap((count) => {
    const best = results.bestBaseline([count]);
    const gain = results.difference(model, best, [count]);
    if (best === undefined || gain === undefined) return [];
    const at = labelsText(model, [count]);
    return [`${modelName(model)} against ${modelName(best)}, ${at}: ${describeDifference(gain)}.`];
  });
}
