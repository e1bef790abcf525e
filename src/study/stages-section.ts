/** What a study tried within its time, as Markdown. */
import { formatDuration } from '../core/format.ts';
import { percent } from '../statistics/paired-difference.ts';
import { type Candidate, SCRATCH } from './grid.ts';
import { type Stage, type StageOutcome, stepsOf } from './halving.ts';
import { table } from './table.ts';

/** Each stage: its runs, their pretraining, their time, and who went on. */
export function stagesSection(outcomes: readonly StageOutcome[]): string[] {
  if (outcomes.length === 0) return [];
  const rows = outcomes.flatMap((outcome, at) => rowsOf(outcome, outcomes[at + 1]?.stage));
  return [
    '## What was tried',
    '',
    'Candidates were compared on validation data, by one repeat of short training at few labels; the test split was read for the final alone. "Goes on" means: trained longer in the next stage.',
    '',
    ...table([
      ['stage', 'network', 'recipe', 'steps of pretraining', 'validation', 'time', ''],
      ...rows,
    ]),
    '',
  ];
}

function rowsOf({ stage, trials, results }: StageOutcome, next: Stage | undefined): string[][] {
  const name = stage.kind === 'trial' ? `trial ${stage.number}` : stage.kind;
  const stepsText = (network: string, recipe: string) => {
    const settings = stage.networks[network];
    return recipe === SCRATCH || settings === undefined ? '' : String(stepsOf(settings));
  };
  const tried = trials
    .toSorted((a, b) => b.score - a.score)
    .map(({ key: { network, recipe }, score, seconds }) => [
      ...[name, network, recipe, stepsText(network, recipe)],
      ...[percent(score), formatDuration(seconds)],
      goesOn(next, network, recipe),
    ]);
  const leftOut = stage.kind === 'trial' ? stage.candidates.filter(isNotAmong(trials)) : [];
  const unbegun = leftOut.map(({ network, recipe }) => [
    ...[name, network, recipe, stepsText(network, recipe), '', '', 'left out for want of time'],
  ]);
  const trained = results.map(({ key: { network, recipe }, seconds }) => [
    ...[name, network, recipe, stepsText(network, recipe), '', formatDuration(seconds), ''],
  ]);
  return [...tried, ...unbegun, ...trained];
}

const isNotAmong =
  (trials: StageOutcome['trials']) =>
  ({ network, recipe }: Candidate): boolean =>
    !trials.some(({ key }) => key.network === network && key.recipe === recipe);

function goesOn(next: Stage | undefined, network: string, recipe: string): string {
  if (next === undefined) return 'no time for more';
  const isIn = next.candidates.some((one) => one.network === network && one.recipe === recipe);
  if (isIn) return 'goes on';
  const isControl = next.kind === 'final' && recipe === SCRATCH && network in next.networks;
  return isControl ? 'goes on, to compare with' : 'dropped';
}
