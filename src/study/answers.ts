/** Answers the questions about a dataset, each with one sentence and one number. */
import type { ObjectiveConfig } from '../config/phase-section.ts';
import type { Measured } from '../nn/objective/objective.ts';
import { meanOf } from '../statistics/mean.ts';
import {
  describeDifference,
  type PairedDifference,
  pairedDifference,
  percent,
  signed,
  type Verdict,
  verdictOf,
} from '../statistics/paired-difference.ts';
import type { CellResult } from './cell.ts';
import { GROUPING, SCRATCH, SHUFFLED, SORTED } from './grid.ts';
import { type DatasetResults, fewLabels, labelsText, meritByLength } from './results.ts';

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

/** The answers for one dataset: first whether a network is worth its time at all, then the five. */
export function studyAnswers(results: DatasetResults, symbols: number): Answer[] {
  const ask = (question: string, body: Body | undefined): Answer => ({
    question,
    ...(body ?? NOT_ASKED),
  });
  return [
    ask('Does a network beat the best baseline?', againstBaselines(results)),
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

function againstBaselines(results: DatasetResults): Body | undefined {
  const best = results.bestNetwork();
  const baseline = best && results.bestBaseline(fewLabels(best));
  const gain = results.difference(best, baseline, best ? fewLabels(best) : []);
  if (best === undefined || baseline === undefined || gain === undefined) return undefined;
  const network = `the ${best.key.network} network, ${recipeWords(best)}`;
  const rival = `${baseline.key.recipe}, the best baseline`;
  const at = `at ${labelsText(best, fewLabels(best))}`;
  return {
    verdict: verdictOf(gain),
    number: points(gain),
    sentence: {
      yes: `Yes: ${network}, gains ${describeDifference(gain)} over ${rival}, ${at}.`,
      no: `No, use ${baseline.key.recipe}: ${network}, comes to ${describeDifference(gain)} against it, ${at}.`,
      'not resolved': `Not resolved: ${network}, comes to ${describeDifference(gain)} against ${rival}, ${at}; the baseline trains in seconds.`,
    }[verdictOf(gain)],
  };
}

const recipeWords = ({ key }: CellResult): string =>
  key.recipe === SCRATCH ? 'from scratch' : `with ${key.recipe} pretraining`;

function worth(results: DatasetResults): Body | undefined {
  const best = results.recommended();
  const gain = best && results.difference(best, results.scratchOf(best), fewLabels(best));
  if (best === undefined || gain === undefined) return undefined;
  const what = `${best.key.recipe} pretraining of the ${best.key.network} network, chosen on validation data`;
  const against = `against the same network from scratch at ${labelsText(best, fewLabels(best))}`;
  const rest = `${elsewhere(results, best)}${besideBaseline(results, best)}`;
  return {
    verdict: verdictOf(gain),
    number: points(gain),
    sentence: {
      yes: `Yes: ${what}, gains ${describeDifference(gain)} ${against}${rest}.`,
      no: `No: ${what}, loses ${describeDifference(gain)} ${against}${rest}.`,
      'not resolved': `Not resolved at this size: ${what}, comes to ${describeDifference(gain)} ${against}${rest}.`,
    }[verdictOf(gain)],
  };
}

/** A gain over a weak network is no reason to use it. */
function besideBaseline(results: DatasetResults, best: CellResult): string {
  const baseline = results.bestBaseline(fewLabels(best));
  const gain = results.difference(best, baseline, fewLabels(best));
  if (gain === undefined) return '';
  return `; against ${baseline!.key.recipe}, the best baseline, it is ${describeDifference(gain)}`;
}

/** What the best pretext gains on the first network, if the study recommends another network. */
function elsewhere(results: DatasetResults, recommended: CellResult): string {
  const network = results.firstNetwork;
  const best = results.bestOf(network);
  const gain = best && results.difference(best, results.scratchOf(best), fewLabels(best));
  if (network === recommended.key.network || gain === undefined) return '';
  return `; on the weaker ${network} network ${best!.key.recipe} makes ${describeDifference(gain)}`;
}

function maskedOrNext(results: DatasetResults): Body | undefined {
  const masked = findPretext(results, ({ kind }) => kind === 'masked');
  const next = findPretext(results, ({ kind }) => kind === 'next-step');
  const gain = masked && next && results.difference(next, masked, fewLabels(next));
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
  const gain = contrastive && results.difference(contrastive, masked, fewLabels(masked));
  return gain === undefined ? '' : `; contrastive against masked is ${describeDifference(gain)}`;
}

function classification(results: DatasetResults): Body | undefined {
  const classified = findPretext(results, isNextStep('classification'));
  if (classified === undefined || classified.pretexts.length === 0) return undefined;
  const { pretexts } = classified;
  const accuracy = meanOf(pretexts.map(({ metrics }) => metrics.accuracy!));
  const regressed = findPretext(results, isNextStep('regression'));
  const gain = results.difference(classified, regressed, fewLabels(classified));
  const { verdict, compared } = againstTable(pretexts);
  const learnt = `it names ${percent(accuracy)} of the next symbols${compared}`;
  const after =
    gain === undefined
      ? ''
      : `; fine-tuned, it is ${describeDifference(gain)} against predicting the value by regression`;
  const word = { yes: 'Yes', no: 'No', 'not resolved': 'Not resolved' }[verdict];
  return { verdict, number: percent(accuracy), sentence: `${word}: ${learnt}${after}.` };
}

/** Whether the network names more symbols than a table does, over its repeats. */
function againstTable(pretexts: readonly Measured[]): { verdict: Verdict; compared: string } {
  const tableOf = ({ baselines }: Measured) =>
    baselines?.accuracy?.bigram ?? baselines?.accuracy?.previousValue;
  const pairs = pretexts.flatMap((one) => {
    const control = tableOf(one);
    return control === undefined ? [] : [{ treated: one.metrics.accuracy!, control }];
  });
  if (pairs.length < 2) return { verdict: 'not resolved', compared: '' };
  const isBigram = pretexts[0]!.baselines?.accuracy?.bigram !== undefined;
  const gain = pairedDifference(pairs);
  const table = `${isBigram ? 'a bigram table' : 'the previous value'} ${percent(meanOf(pairs.map(({ control }) => control)))}`;
  return { verdict: verdictOf(gain), compared: `, ${table}: ${describeDifference(gain)}` };
}

function lengths(results: DatasetResults): Body | undefined {
  const best = results.recommended();
  const sorted = results.find(GROUPING, SORTED);
  const cost =
    sorted && results.difference(sorted, results.find(GROUPING, SHUFFLED), fewLabels(sorted));
  if (best === undefined) return undefined;
  const quarters = meritByLength(best);
  const [shortest, longest] = [quarters[0]!, quarters.at(-1)!];
  if (shortest.shortest === longest.longest) return undefined;
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
  const gain = all && results.difference(all.whole, all.part, fewLabels(all.whole!));
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
