import { type NgramOutcome, ngram } from '../../workflow/ngram/ngram.ts';
import { describeMerit, fitCommand } from '../fit-command.ts';

export const ngramCommand = fitCommand({ name: 'ngram', fit: ngram, describe: describeFit });

const JUDGES: Readonly<Record<NgramOutcome['chosenBy'], string>> = {
  validation: 'on the validation split, which chose them',
  'leave-one-out': 'leave-one-out, which chose them',
};

function describeFit(outcome: NgramOutcome, seconds: string): string {
  const { labelled, sequences, gaps, choices, chosenBy, merit } = outcome;
  const pairs = gaps.length > 0 ? `Pairs at distances ${gaps.join(', ')}. ` : '';
  const chosen = choices.map(describeChoice).join('; ');
  return `Fitted ${labelled} sequences with labels among ${sequences} in ${seconds} s. ${pairs}The mean of ${chosen}: ${describeMerit(merit)} ${JUDGES[chosenBy]}.`;
}

function describeChoice({ block, directions, alpha }: NgramOutcome['choices'][number]): string {
  const seen = directions === undefined ? 'as they are' : `on ${directions} directions`;
  return `${block} ${seen} with penalty ${alpha}`;
}
