/** An objective whose training sequences are varied. Evaluations and predictions see them as they are. */
import type { PaddedRows } from '../../../../data/collate.ts';
import type { PhaseFacts } from '../../../../data/facts.ts';
import { EVALUATION_EPOCH, type Objective } from '../../objective.ts';
import type { SupervisedOptions } from '../options.ts';
import { mixRows } from './mixing.ts';
import { noisy } from './noise.ts';
import { refuseUnfitting, seesSymbols } from './options.ts';
import { windowsOf } from './windows.ts';

/** @throws LockstepError CONFIG_INVALID for a variation that the data have no use for */
export function augmented(
  objective: Objective,
  { augment = {}, mixing }: SupervisedOptions,
  facts: PhaseFacts,
  seed: number,
): Objective {
  refuseUnfitting({ augment, mixing }, facts);
  const draws = { seed, symbols: seesSymbols(facts) ? facts.symbols : 0 };
  const inTraining =
    (vary: (rows: PaddedRows) => PaddedRows) =>
    (rows: PaddedRows): PaddedRows =>
      rows.epoch === EVALUATION_EPOCH ? rows : vary(rows);
  return {
    ...objective,
    view: inTraining((rows) => windowsOf(augment, seed, rows)),
    alter: inTraining((rows) => {
      const varied = noisy(augment, draws, rows);
      return mixing === undefined ? varied : mixRows(mixing, seed, varied);
    }),
  };
}
