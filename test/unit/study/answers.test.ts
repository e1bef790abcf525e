import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { studyAnswers } from '../../../src/study/answers.ts';
import type { CellResult } from '../../../src/study/cell.ts';
import { loadStudyConfig } from '../../../src/study/load-study.ts';
import { DatasetResults, type Rivals } from '../../../src/study/results.ts';
import { TestGroups } from '../../../src/study/test-groups.ts';
import { key, resultOf } from './made-results.ts';

const config = loadStudyConfig('configs/study.yaml');
/** Three draws of five labels around an accuracy, validation like test. */
const around = (accuracy: number, spread = 0.01) => ({
  5: [accuracy - spread, accuracy, accuracy + spread].map((each) => [each, each] as const),
});
const nextStep = {
  metrics: { accuracy: 0.55, loss: 1.7 },
  baselines: { accuracy: { bigram: 0.22 } },
};

const all: CellResult[] = [
  resultOf(key('causal', 'scratch'), around(0.5)),
  resultOf(key('causal', 'next-step'), around(0.6), nextStep),
  resultOf(key('causal', 'next-value'), around(0.58, 0.02), { metrics: { loss: 9 } }),
  resultOf(key('causal', 'masked'), around(0.57)),
  resultOf(key('causal', 'next-step', 0.1), around(0.55)),
  resultOf(key('causal', 'next-step', 0.3), around(0.58)),
  resultOf(key('two-sided', 'masked'), around(0.7, 0.03)),
  resultOf(key('two-sided', 'scratch'), around(0.66)),
  resultOf(key('grouping', 'sorted'), { 50: around(0.8)[5] }),
  resultOf(key('grouping', 'shuffled'), { 50: around(0.81, 0.03)[5] }),
];
const baselines = [
  resultOf(key('baseline', 'histogram'), around(0.6)),
  resultOf(key('baseline', 'n-grams'), around(0.75, 0.02)),
];
const testGroups = new TestGroups(new Map([0, 1, 2, 3].map((one) => [one, one])), 1);
const ngram = resultOf(key('ngram', 'closed-form'), around(0.85));
const ask = (results: CellResult[], symbols = 41, others: Partial<Rivals> = {}) =>
  studyAnswers(
    new DatasetResults(config.datasets[0]!, results, {
      ...{ baselines, closedForms: [], testGroups },
      ...others,
    }),
    symbols,
  );

describe('the answers', () => {
  it('are a sentence and a number each, with intervals', () => {
    assert.deepEqual(
      ask(all).map(({ question, number, sentence }) => `${question} ${number}. ${sentence}`),
      [
        'Which model is best here? −5.0 points. Use n-grams, a baseline: the two-sided network with masked pretraining, the best other model, comes to −5.0 points (95 % interval −7.5 to −2.5, 3 repeats) against it, at 5 labels a class.',
        'Does self-supervised learning work here, without Transformers? +4.0 points. Not resolved at this size: masked pretraining of the two-sided network, chosen on validation data, comes to +4.0 points (95 % interval −1.0 to +9.0, 3 repeats) against the same network from scratch at 5 labels a class, and comes to −5.0 points (95 % interval −7.5 to −2.5, 3 repeats) against n-grams: use n-grams; on the weaker causal network next-step makes +10.0 points (in each of 3 repeats).',
        'Masked or next timestep? +3.0 points. Next timestep: +3.0 points (in each of 3 repeats) over masked at 5 labels a class on the causal network.',
        'Can the next timestep be a 41-way classification? 55.0 %. Yes: it names 55.0 % of the next symbols, a bigram table 22.0 %: +33.0 points (in each of 3 repeats); fine-tuned, it is +2.0 points (95 % interval −0.5 to +4.5, 3 repeats) against predicting the value by regression.',
        'Do varying lengths work? −1.0 points. Yes, no cost of sorting is resolved: batches sorted by length against shuffled ones, with BatchNorm, make −1.0 points (95 % interval −6.0 to +4.0, 3 repeats); the quarter of 901 to 5000 timesteps is classified at 60.0 %, the shortest (500 to 900) at 80.0 %.',
        'How much of the data should pretraining use? +5.0 points. All of it: next-step pretraining on all training sequences against 10 % of them makes +5.0 points (in each of 3 repeats).',
      ],
    );
  });

  it('say no when pretraining loses, and with care when sorting costs', () => {
    const others = all.filter(({ key: { network } }) => network === 'causal');
    const results = [
      ...others,
      resultOf(key('two-sided', 'masked'), around(0.7)),
      resultOf(key('two-sided', 'scratch'), around(0.75)),
      resultOf(key('grouping', 'sorted'), { 50: around(0.8)[5] }),
      resultOf(key('grouping', 'shuffled'), { 50: around(0.9)[5] }),
    ];
    const [, worth, , , lengths] = ask(results);
    assert.equal(worth!.verdict, 'no');
    assert.match(worth!.sentence, /^No: masked pretraining .* loses −5\.0 points/);
    assert.match(lengths!.sentence, /^With care: batches sorted by length/);
  });

  it('name the contrastive pretext beside the two, where it was tried', () => {
    const [, , which] = ask([...all, resultOf(key('causal', 'contrastive'), around(0.6))]);
    assert.match(
      which!.sentence,
      /^Next timestep: .* on the causal network; contrastive against masked is \+3\.0 points \(/,
    );
  });

  it('do not pretend where there are no runs', () => {
    const [first, ...bare] = ask([resultOf(key('causal', 'scratch'), around(0.5))]);
    assert.equal(first!.verdict, 'no', 'one network suffices for it');
    const asked = bare.filter(({ verdict }) => verdict !== 'not asked');
    assert.deepEqual(
      asked.map(({ question }) => question),
      ['Do varying lengths work?'],
    );
  });

  it('name a model in closed form where it is best, and what pretraining loses to it', () => {
    const [first, worth] = ask(all, 41, { closedForms: [ngram] });
    assert.equal(
      first!.sentence,
      'Use lockstep ngram: it gains +10.0 points (95 % interval +7.5 to +12.5, 3 repeats) over n-grams, the best baseline, at 5 labels a class; the best network, the two-sided network with masked pretraining, comes to −15.0 points (95 % interval −20.0 to −10.0, 3 repeats) against lockstep ngram.',
    );
    assert.match(
      worth!.sentence,
      /, and comes to −15\.0 points \(.*?\) against lockstep ngram: use lockstep ngram; on the weaker/,
    );
  });

  it('say so where no network was trained to the end', () => {
    const { networks: _, ...dataset } = config.datasets[0]!;
    const rivals = { baselines, closedForms: [ngram], testGroups };
    const results = new DatasetResults({ ...dataset, networks: {} }, [], rivals);
    const [first, ...others] = studyAnswers(results, 41);
    assert.match(first!.sentence, /^Use lockstep ngram: .*; no network was trained to the end\.$/);
    assert.equal(others[0]!.verdict, 'not asked');
  });

  it('show what a trial saw of masked and next timestep, without a verdict', () => {
    const trial = (recipe: string, score: number) => ({
      key: { ...key('causal', recipe), trial: 1 },
      ...{ seconds: 60, score, pretexts: [] },
    });
    const trials = [trial('next-step', 0.6), trial('masked', 0.55)];
    const [, , which] = ask([], 41, { closedForms: [ngram], trials });
    assert.equal(which!.verdict, 'not resolved');
    assert.match(
      which!.sentence,
      /^Not resolved: in trial 1 of the causal network, on validation data, next timestep came to 60\.0 % and masked to 55\.0 %/,
    );
  });

  it('do not ask for lengths where all sequences have one', () => {
    const one = resultOf(key('two-sided', 'masked'), around(0.7));
    const equal = one.measured.map((each) => ({
      ...each,
      test: {
        value: each.test.value,
        byLengthQuartile: [{ shortest: 24, longest: 24, value: each.test.value }],
      },
    }));
    assert.equal(ask([{ ...one, measured: equal }])[4]!.verdict, 'not asked');
  });

  it('deny a classification that a bigram table beats', () => {
    const poor = resultOf(key('causal', 'next-step'), around(0.6), {
      metrics: { accuracy: 0.2 },
      baselines: { accuracy: { bigram: 0.22 } },
    });
    assert.match(ask([poor])[3]!.sentence, /^No: it names 20\.0 % of the next symbols/);
  });
});
