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
import { CLOSED_FORM } from './closed-form/fits.ts';
import { candidatesOf, firstNetwork, GROUPING, SCRATCH, SHUFFLED, SORTED } from './grid.ts';
import { type DatasetResults, fewLabels, labelsText, meritByLength, modelName } from './results.ts';

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
    ask('Which model is best here?', whichModel(results)),
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

/** The best trained model against the best baseline, and the best network beside both. */
function whichModel(results: DatasetResults): Body | undefined {
  const best = results.bestModel();
  if (best === undefined) return undefined;
  const few = fewLabels(best);
  const baseline = results.bestBaseline(few);
  const gain = results.difference(best, baseline, few);
  if (baseline === undefined || gain === undefined) return undefined;
  const [model, rival] = [describeModel(best), `${modelName(baseline)}, the best baseline`];
  const at = `at ${labelsText(best, few)}`;
  const rest = besideNetwork(results, best);
  return {
    verdict: verdictOf(gain),
    number: points(gain),
    sentence: {
      yes: `Use ${model}: it gains ${describeDifference(gain)} over ${rival}, ${at}${rest}.`,
      no: `Use ${modelName(baseline)}, a baseline: ${model}, the best other model, comes to ${describeDifference(gain)} against it, ${at}${rest}.`,
      'not resolved': `Not resolved: ${model} comes to ${describeDifference(gain)} against ${rival}, ${at}${rest}.`,
    }[verdictOf(gain)],
  };
}

/** What the best network comes to, where another model is better. */
function besideNetwork(results: DatasetResults, best: CellResult): string {
  const network = results.bestNetwork();
  if (network === undefined) return '; no network was trained to the end';
  const gain = network === best ? undefined : results.difference(network, best, fewLabels(best));
  if (gain === undefined) return '';
  return `; the best network, ${describeModel(network)}, comes to ${describeDifference(gain)} against ${modelName(best)}`;
}

/** "lockstep ngram", "the two-sided network with masked pretraining" */
const describeModel = (cell: CellResult): string =>
  cell.key.recipe === CLOSED_FORM
    ? modelName(cell)
    : `the ${cell.key.network} network ${recipeWords(cell)}`;

const recipeWords = ({ key }: CellResult): string =>
  key.recipe === SCRATCH ? 'from scratch' : `with ${key.recipe} pretraining`;

function worth(results: DatasetResults): Body | undefined {
  const best = results.recommended();
  const gain = best && results.difference(best, results.scratchOf(best), fewLabels(best));
  if (best === undefined || gain === undefined) return undefined;
  const what = `${best.key.recipe} pretraining of the ${best.key.network} network, chosen on validation data`;
  const against = `against the same network from scratch at ${labelsText(best, fewLabels(best))}`;
  const rest = `${besideSimple(results, best)}${elsewhere(results, best)}`;
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
function besideSimple(results: DatasetResults, best: CellResult): string {
  const rival = results.bestWithoutSteps(fewLabels(best));
  const gain = results.difference(best, rival, fewLabels(best));
  if (gain === undefined) return '';
  const name = modelName(rival!);
  return {
    yes: `, and ${describeDifference(gain)} over ${name}, the best model without steps`,
    no: `, and comes to ${describeDifference(gain)} against ${name}: use ${name}`,
    'not resolved': `; against ${name}, the best model without steps, it is ${describeDifference(gain)}`,
  }[verdictOf(gain)];
}

/** What the best pretext gains on the first network, if the study recommends another network. */
function elsewhere(results: DatasetResults, recommended: CellResult): string {
  const network = results.firstNetwork;
  const best = network === undefined ? undefined : results.bestOf(network);
  const gain = best && results.difference(best, results.scratchOf(best), fewLabels(best));
  if (gain === undefined || network === recommended.key.network) return '';
  return `; on the weaker ${network} network ${best!.key.recipe} makes ${describeDifference(gain)}`;
}

function maskedOrNext(results: DatasetResults): Body | undefined {
  const masked = findPretext(results, ({ kind }) => kind === 'masked');
  const next = findPretext(results, ({ kind }) => kind === 'next-step');
  const gain = masked && next && results.difference(next, masked, fewLabels(next));
  if (gain === undefined) return maskedOrNextByTrials(results);
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

/** Where only short trainings show it, on one set of labels: no interval, so no verdict. */
function maskedOrNextByTrials({ trials }: DatasetResults): Body | undefined {
  const next = trials.findLast(({ key }) => key.recipe.startsWith('next'));
  const masked =
    next &&
    trials.find(
      ({ key }) =>
        key.recipe.startsWith('masked') &&
        key.network === next.key.network &&
        key.trial === next.key.trial,
    );
  if (next === undefined || masked === undefined) return undefined;
  const gain = 100 * (next.score - masked.score);
  return {
    verdict: 'not resolved',
    number: `${signed(gain)} points`,
    sentence: `Not resolved: in trial ${next.key.trial} of the ${next.key.network} network, on validation data, next timestep came to ${percent(next.score)} and masked to ${percent(masked.score)}; one repeat has no interval, and the final runs had not both.`,
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
  const pretexts = classified?.pretexts ?? triedNextStep(results);
  if (pretexts.length === 0) return undefined;
  const accuracy = meanOf(pretexts.map(({ metrics }) => metrics.accuracy!));
  const regressed = findPretext(results, isNextStep('regression'));
  const gain = classified && results.difference(classified, regressed, fewLabels(classified));
  const { verdict, compared } = againstTable(pretexts);
  const learnt = `it names ${percent(accuracy)} of the next symbols${compared}`;
  const after =
    gain === undefined
      ? ''
      : `; fine-tuned, it is ${describeDifference(gain)} against predicting the value by regression`;
  const word = { yes: 'Yes', no: 'No', 'not resolved': 'Not resolved' }[verdict];
  return { verdict, number: percent(accuracy), sentence: `${word}: ${learnt}${after}.` };
}

/** The pretraining of the longest trial that named the next symbols. */
const triedNextStep = ({ trials }: DatasetResults): readonly Measured[] =>
  trials.findLast(
    ({ key, pretexts }) =>
      key.recipe.startsWith('next') && pretexts[0]?.metrics.accuracy !== undefined,
  )?.pretexts ?? [];

/** Whether the network names more symbols than a table does, over its repeats. */
function againstTable(pretexts: readonly Measured[]): { verdict: Verdict; compared: string } {
  const tableOf = ({ baselines }: Measured) =>
    baselines?.accuracy?.bigram ?? baselines?.accuracy?.previousValue;
  const pairs = pretexts.flatMap((one) => {
    const control = tableOf(one);
    return control === undefined ? [] : [{ treated: one.metrics.accuracy!, control }];
  });
  if (pairs.length === 0) return { verdict: 'not resolved', compared: '' };
  const isBigram = pretexts[0]!.baselines?.accuracy?.bigram !== undefined;
  const table = `${isBigram ? 'a bigram table' : 'the previous value'} ${percent(meanOf(pairs.map(({ control }) => control)))}`;
  if (pairs.length < 2) {
    return { verdict: 'not resolved', compared: `, ${table} (one pretraining, no interval)` };
  }
  const gain = pairedDifference(pairs);
  return { verdict: verdictOf(gain), compared: `, ${table}: ${describeDifference(gain)}` };
}

function lengths(results: DatasetResults): Body | undefined {
  const best = results.recommended() ?? results.bestModel();
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
  const all = candidatesOf(results.dataset)
    .map(({ network, recipe }) => ({
      whole: results.find(network, recipe),
      part: results.find(network, recipe, smallest),
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
  const [network, settings] = firstNetwork(results.dataset) ?? [];
  const found = Object.entries(settings?.pretexts ?? {}).find(([, pretext]) => fits(pretext));
  return network === undefined || found === undefined ? undefined : results.find(network, found[0]);
}

const points = ({ mean }: PairedDifference): string => `${signed(mean)} points`;
