/** For a class for each timestep: the most frequent class of timesteps with the same symbol. */
import { UNLABELLED } from '../data/format/store.ts';
import type { Baseline, Fit, Output } from './baseline.ts';
import type { Examples } from './examples.ts';

/** @param values of each example, in one channel */
export function symbolTable(
  { truths }: Examples,
  values: readonly ArrayLike<number>[],
  symbols: number,
  classes: number,
): Baseline {
  const answersOf = (counts: Float64Array): Int32Array =>
    Int32Array.from({ length: symbols }, (_, symbol) => {
      const ofSymbol = counts.subarray(symbol * classes, (symbol + 1) * classes);
      return ofSymbol.indexOf(Math.max(...ofSymbol));
    });
  const fit: Fit = (training) => {
    const counts = new Float64Array(symbols * classes);
    for (const place of training) {
      const labels = truths[place]!;
      for (let t = 0; t < labels.length; t++) {
        if (labels[t] !== UNLABELLED) counts[values[place]![t]! * classes + labels[t]!]!++;
      }
    }
    const answers = answersOf(counts);
    const outputOf = (place: number): Output => ({
      answer: Int32Array.from(values[place]!, (symbol) => answers[symbol]!),
    });
    return (places) => Array.from(places, outputOf);
  };
  return {
    name: 'symbol table',
    about: 'the most frequent class of each symbol',
    choose: () => ({ setting: '', fit }),
  };
}
