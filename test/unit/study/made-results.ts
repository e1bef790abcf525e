import type { Measured } from '../../../src/nn/objective/objective.ts';
import type { CellKey, CellResult } from '../../../src/study/cell.ts';

/** Validation and test accuracy of each draw, by labels a class. */
type Accuracies = Readonly<Partial<Record<number | 'all', readonly (readonly [number, number])[]>>>;

export const key = (network: string, recipe: string, share = 1) => ({
  dataset: 'files',
  network,
  recipe,
  share,
});

export function resultOf(
  key: Omit<CellKey, 'share'> & { share?: number },
  accuracies: Accuracies,
  pretext?: Measured,
): CellResult {
  return {
    key: { share: 1, ...key },
    merit: 'accuracy',
    seconds: 60,
    pretexts: pretext === undefined ? [] : [pretext, pretext, pretext],
    testSequences: [0, 1, 2, 3],
    measured: Object.entries(accuracies).flatMap(([labels, draws]) =>
      draws!.map(([validation, accuracy], draw) => ({
        phase: `labels-${labels}-draw-${draw}`,
        labels: labels === 'all' ? labels : Number(labels),
        unit: 'labels a class' as const,
        draw,
        validation,
        test: {
          value: accuracy,
          calibrationError: (1 - accuracy) / 2,
          byLengthQuartile: [
            { shortest: 500, longest: 900, value: accuracy + 0.1 },
            { shortest: 901, longest: 5000, value: accuracy - 0.1 },
          ],
        },
      })),
    ),
  };
}
