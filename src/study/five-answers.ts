/** Answers the five questions about self-supervised learning on a dataset, each with one sentence and one number. */
import type { ObjectiveConfig } from '../config/phase-section.ts';
import {
  describeDifference,
  type PairedDifference,
  percent,
  signed,
  type Verdict,
  verdictOf,
} from '../workflow/predict/paired-difference.ts';
import type { CellResult } from './cell.ts';
import { GROUPING, SHUFFLED, SORTED } from './grid.ts';
import {
  type DatasetResults,
  difference,
  fewLabels,
  labelsText,
  meritByLength,
} from './results.ts';

/** The answer to one question. */
export interface Answer {
  readonly question: string;
  readonly verdict: Verdict | 'not asked';
  /** The one number. */
  readonly number: string;
  readonly sentence: string;
}

type Body = Omit<Answer, 'question'>;

/** The answer if the grid lacks the runs for a question. */
const NOT_ASKED: Body = {
  verdict: 'not asked',
  number: '–',
  sentence: 'Not asked: this grid has no runs for it.',
};

/** The answers for one dataset. */
export function fiveAnswers(results: DatasetResults, symbols: number): Answer[] {
  const ask = (question: string, body: Body | undefined): Answer => ({
    question,
    ...(body ?? NOT_ASKED),
  });
  return [
    ask('Does self-supervised learning work here, without Transformers?', worth(results)),
    ask('Masked or next timestep?', maskedOrNext(results)),
    ask(nextStepQuestion(symbols), classification(results)),
    ask('Do varying lengths work?', lengths(results)),
    ask('How much of the data should pretraining use?', shares(results)),
  ];
}

const nextStepQuestion = (symbols: number): string =>
  symbols > 0
    ? `Can the next timestep be a ${symbols}-way classification?`
    : 'Can the next timestep be a classification?';

function worth(results: DatasetResults): Body | undefined {
  const best = results.recommended();
  const gain = best && difference(best, results.scratchOf(best), fewLabels(best));
  if (best === undefined || gain === undefined) return undefined;
  const what = `${best.key.recipe} pretraining of the ${best.key.network} network, chosen on validation data`;
  const against = `against the same network from scratch at ${labelsText(best, fewLabels(best))}`;
  return {
    verdict: verdictOf(gain),
    number: points(gain),
    sentence: {
      yes: `Yes: ${what}, gains ${describeDifference(gain)} ${against}${elsewhere(results, best)}.`,
      no: `No: ${what}, loses ${describeDifference(gain)} ${against}${elsewhere(results, best)}.`,
      'not resolved': `Not resolved at this size: ${what}, comes to ${describeDifference(gain)} ${against}${elsewhere(results, best)}.`,
    }[verdictOf(gain)],
  };
}

/** What the best pretext gains on the first network, if the study recommends another network. */
function elsewhere(results: DatasetResults, recommended: CellResult): string {
  const network = results.firstNetwork;
  const best = results.bestOf(network);
  const gain = best && difference(best, results.scratchOf(best), fewLabels(best));
  if (network === recommended.key.network || gain === undefined) return '';
  return `; on the weaker ${network} network ${best!.key.recipe} makes ${describeDifference(gain)}`;
}

function maskedOrNext(results: DatasetResults): Body | undefined {
  const masked = findPretext(results, ({ kind }) => kind === 'masked');
  const next = findPretext(results, ({ kind }) => kind === 'next-step');
  const gain = masked && next && difference(next, masked, fewLabels(next));
  if (gain === undefined) return undefined;
  const at = `at ${labelsText(next!, fewLabels(next!))} on the ${results.firstNetwork} network${orContrastive(results, masked!)}`;
  return {
    verdict: verdictOf(gain),
    number: points(gain),
    sentence: {
      yes: `Next timestep: ${describeDifference(gain)} over masked ${at}.`,
      no: `Masked: next timestep comes to ${describeDifference(gain)} against it ${at}.`,
      'not resolved': `Not resolved at this size: next timestep against masked is ${describeDifference(gain)} ${at}.`,
    }[verdictOf(gain)],
  };
}

/** Contrastive against masked, if both runs are done. */
function orContrastive(results: DatasetResults, masked: CellResult): string {
  const contrastive = findPretext(results, ({ kind }) => kind === 'contrastive');
  const gain = contrastive && difference(contrastive, masked, fewLabels(masked));
  return gain === undefined ? '' : `; contrastive against masked is ${describeDifference(gain)}`;
}

function classification(results: DatasetResults): Body | undefined {
  const classified = findPretext(results, isNextStep('classification'));
  const accuracy = classified?.pretext?.metrics.accuracy;
  if (classified === undefined || accuracy === undefined) return undefined;
  const { bigram, previousValue } = classified.pretext?.baselines?.accuracy ?? {};
  const baseline = bigram ?? previousValue;
  const name = bigram === undefined ? 'the previous value' : 'a bigram table';
  const works = baseline === undefined || accuracy > baseline;
  const regressed = findPretext(results, isNextStep('regression'));
  const gain = difference(classified, regressed, fewLabels(classified));
  const learnt = `it names ${percent(accuracy)} of the next symbols${baseline === undefined ? '' : `, ${name} ${percent(baseline)}`}`;
  const after =
    gain === undefined
      ? ''
      : `; fine-tuned, it is ${describeDifference(gain)} against predicting the value by regression`;
  return {
    verdict: works ? 'yes' : 'no',
    number: percent(accuracy),
    sentence: `${works ? 'Yes' : 'No'}: ${learnt}${after}.`,
  };
}

function lengths(results: DatasetResults): Body | undefined {
  const best = results.recommended();
  const sorted = results.find(GROUPING, SORTED);
  const cost = sorted && difference(sorted, results.find(GROUPING, SHUFFLED), fewLabels(sorted));
  if (best === undefined) return undefined;
  const quarters = meritByLength(best);
  const [shortest, longest] = [quarters[0]!, quarters.at(-1)!];
  const isAccuracy = best.merit === 'accuracy';
  const [comesTo, to] = isAccuracy ? ['is classified at', 'at'] : [`comes to ${best.merit}`, 'to'];
  const spread = `the quarter of ${longest.shortest} to ${longest.longest} timesteps ${comesTo} ${percent(longest.value)}, the shortest (${shortest.shortest} to ${shortest.longest}) ${to} ${percent(shortest.value)}`;
  if (cost === undefined) {
    const gap = 100 * (longest.value - shortest.value);
    return { verdict: 'yes', number: `${signed(gap)} points`, sentence: `Yes: ${spread}.` };
  }
  const sorting = `batches sorted by length against shuffled ones, with BatchNorm, make ${describeDifference(cost)}`;
  const hurts = verdictOf(cost) === 'no';
  return {
    verdict: hurts ? 'no' : verdictOf(cost),
    number: points(cost),
    sentence: hurts
      ? `With care: ${sorting}; ${spread}.`
      : `Yes, no cost of sorting is resolved: ${sorting}; ${spread}.`,
  };
}

function shares(results: DatasetResults): Body | undefined {
  const smallest = Math.min(...results.dataset.pretrainingShares);
  const all = Object.keys(results.dataset.networks[results.firstNetwork]!.pretexts)
    .map((recipe) => ({
      whole: results.find(results.firstNetwork, recipe),
      part: results.find(results.firstNetwork, recipe, smallest),
    }))
    .find(({ part }) => part !== undefined);
  const gain = all && difference(all.whole, all.part, fewLabels(all.whole!));
  if (gain === undefined) return undefined;
  const share = percent(smallest).replace('.0', '');
  const what = `${all!.whole!.key.recipe} pretraining on all training sequences against ${share} of them`;
  return {
    verdict: verdictOf(gain),
    number: points(gain),
    sentence: {
      yes: `All of it: ${what} makes ${describeDifference(gain)}.`,
      no: `Less: ${what} makes ${describeDifference(gain)}.`,
      'not resolved': `Not resolved at this size: ${what} makes ${describeDifference(gain)}.`,
    }[verdictOf(gain)],
  };
}

const isNextStep =
  (target: 'classification' | 'regression') =>
  (pretext: ObjectiveConfig): boolean =>
    pretext.kind === 'next-step' && pretext.target === target;

/** The first matching pretext of the first network, if its run is done. */
function findPretext(
  results: DatasetResults,
  fits: (pretext: ObjectiveConfig) => boolean,
): CellResult | undefined {
  const network = results.firstNetwork;
  const found = Object.entries(results.dataset.networks[network]!.pretexts).find(([, pretext]) =>
    fits(pretext),
  );
  return found && results.find(network, found[0]);
}

const points = ({ mean }: PairedDifference): string => `${signed(mean)} points`;
