import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { studyAnswers } from '../../../src/study/answers.ts';
import { chartsOf } from '../../../src/study/charts.ts';
import { firstTable } from '../../../src/study/first-table.ts';
import { loadStudyConfig } from '../../../src/study/load-study.ts';
import { studyMarkdown } from '../../../src/study/markdown.ts';
import { studyPage } from '../../../src/study/page/page.ts';
import { DatasetResults } from '../../../src/study/results.ts';
import { stagesSection } from '../../../src/study/stages-section.ts';
import { TestGroups } from '../../../src/study/test-groups.ts';
import { key, resultOf } from './made-results.ts';

const config = loadStudyConfig('configs/study.yaml');
const draws = (...accuracies: number[]) => accuracies.map((each) => [each, each] as const);
const results = [
  resultOf(key('causal', 'next-step'), { 5: draws(0.6, 0.62, 0.64), 50: draws(0.8, 0.8, 0.8) }),
  resultOf(key('causal', 'next-step', 0.1), { 5: draws(0.5, 0.52, 0.54) }),
  resultOf(key('causal', 'scratch'), { 5: draws(0.5, 0.5, 0.5), 50: draws(0.79, 0.8, 0.81) }),
];
const baselines = [
  resultOf(key('baseline', 'n-grams, ridge'), {
    5: draws(0.69, 0.7, 0.71),
    50: draws(0.79, 0.79, 0.79),
  }),
];
const testGroups = new TestGroups(new Map([0, 1, 2, 3].map((one) => [one, one])), 1);
const of = new DatasetResults(config.datasets[0]!, results, {
  baselines,
  closedForms: [],
  testGroups,
});
const answers = studyAnswers(of, 41);
const measuredOn = 'Measured on a machine.';

const withoutNetworks = new DatasetResults(config.datasets[0]!, [], {
  baselines: [resultOf(key('baseline', 'random convolutions, ridge'), { 5: draws(0.8, 0.8) })],
  closedForms: [resultOf(key('rocket', 'closed-form'), { 5: draws(0.9, 0.9) })],
  testGroups,
});

describe('the first table', () => {
  it('tells the command from the baselines', () => {
    const text = firstTable(withoutNetworks, { notes: [], seconds: 1 });
    assert.match(text, /^random convolutions, ridge +80\.0 %/m);
    assert.match(text, /^lockstep rocket +90\.0 %/m);
    assert.match(
      text,
      /^Rows "lockstep …" are what these commands fit, all others are baselines\.$/m,
    );
  });
});

describe('study.md', () => {
  const markdown = studyMarkdown({
    config,
    datasets: [of],
    results,
    stages: [],
    notes: [['5 labels a class: a note.']],
    answers,
    measuredOn,
  });

  it('begins with the questions', () => {
    const lines = markdown.split('\n');
    assert.equal(lines[0], '# Study: study');
    assert.equal(lines[2], "3 runs, 3:00 of one worker's time. Measured on a machine.");
    assert.equal(lines.filter((line) => /^\| .*\? \|/.test(line)).length, 6);
  });

  it('shows mean, deviation, and the paired difference from scratch at each label count', () => {
    assert.match(
      markdown,
      /\| next-step \| 62\.0 % ± 2\.0 \| 80\.0 % ± 0\.0 \| \+12\.0 points \(95 % interval \+7\.0 to \+17\.0, 3 repeats\) \| 0\.0 points \(95 % interval −2\.5 to \+2\.5, 3 repeats\) \|/,
    );
    assert.match(markdown, /\| scratch \| 50\.0 % ± 0\.0 \| 80\.0 % ± 1\.0 \| {2}\| {2}\| {2}\|/);
  });

  it('shows all models beside each other, with what a network gains on the best baseline of each count', () => {
    assert.match(
      markdown,
      /\| baseline \| n-grams, ridge \| 70\.0 % ± 1\.0 \| 79\.0 % ± 0\.0 \| {2}\| {2}\| 1:00 \|/,
    );
    assert.match(markdown, /against n-grams, ridge, 5 \| against n-grams, ridge, 50 \|/);
    assert.match(
      markdown,
      /\| causal \| next-step \| 62\.0 % ± 2\.0 \| 80\.0 % ± 0\.0 \| −8\.0 points \(.*?\) \| \+1\.0 points/,
    );
    assert.match(markdown, /^- 5 labels a class: a note\.$/m);
  });

  it('names a model in closed form as its command, and what it says where no network was trained', () => {
    const table = studyMarkdown({
      ...{ config, datasets: [withoutNetworks], answers, measuredOn },
      results: [],
      stages: [],
      notes: [[]],
    });
    assert.match(table, /^Accuracies are of the test split/m);
    assert.match(table, /\| lockstep rocket \| in closed form \| 90\.0 % ± 0\.0 \|/);
    assert.match(table, /\| baseline \| random convolutions, ridge \| 80\.0 % ± 0\.0 \|/);
  });

  it('shows all labels behind the counted ones', () => {
    const few = resultOf(key('causal', 'scratch'), { all: draws(0.9, 0.9), 5: draws(0.5, 0.5) });
    const datasets = [new DatasetResults(config.datasets[0]!, [few])];
    const table = studyMarkdown({
      ...{ config, datasets, answers, measuredOn },
      results: [few],
      stages: [],
      notes: [[]],
    });
    assert.match(table, /\| {2}\| model \| 5 labels a class \| all labels \|/);
    assert.match(table, /\| causal \| scratch \| 50\.0 % ± 0\.0 \| 90\.0 % ± 0\.0 \|/);
    assert.deepEqual(chartsOf(datasets[0]!, [few])[0]!.places, ['5', 'all']);
  });

  it('shows the mean calibration error at each label count', () => {
    assert.match(
      markdown,
      /### Calibration error\n\n.*\n\n\| network \| recipe \| 5 labels a class \| 50 labels a class \|\n.*\n\| causal \| next-step \| 19\.0 % \| 10\.0 % \|/,
    );
  });

  it('shows accuracy by length and the time', () => {
    assert.match(markdown, /\| network \| recipe \| 500…900 timesteps \| 901…5000 timesteps \|/);
    assert.match(
      markdown,
      /\| causal \| next-step, 10 % of the sequences \| 62\.0 % \| 42\.0 % \|/,
    );
    assert.match(markdown, /\| causal \| scratch \| 1:00 \|/);
  });
});

describe('what was tried', () => {
  it('names what a trial left out for want of time', () => {
    const [dataset] = config.datasets as [(typeof config.datasets)[number]];
    const [network] = Object.keys(dataset.networks) as [string];
    const [recipe, other] = Object.keys(dataset.networks[network]!.pretexts) as [string, string];
    const candidates = [recipe, other].map((one) => ({ network, recipe: one }));
    const stage = { kind: 'trial', number: 1, candidates, networks: dataset.networks } as const;
    const trials = [
      { key: { ...key(network, recipe), trial: 1 }, seconds: 9, score: 0.5, pretexts: [] },
    ];
    const rows = stagesSection([{ stage, trials, results: [] }]).join('\n');
    assert.match(
      rows,
      new RegExp(`\\| trial 1 \\| ${network} \\| ${recipe} \\| \\d+ \\| 50\\.0 %`),
    );
    assert.match(
      rows,
      new RegExp(
        `\\| ${network} \\| ${other} \\| \\d+ \\|  \\|  \\| left out for want of time \\|`,
      ),
    );
  });
});

describe('the charts', () => {
  const charts = chartsOf(of, results);

  it('are accuracy against labels and against the share, with the worst and the best draw', () => {
    const [byLabels] = charts;
    assert.deepEqual(byLabels!.places, ['5', '50']);
    const [pretrained] = byLabels!.lines;
    assert.deepEqual(
      [pretrained!.label, pretrained!.low[0], pretrained!.mean[0], pretrained!.high[0]],
      ['next-step', 60, 62, 64],
    );
    const byShare = charts.find(({ title }) => title.includes('share'))!;
    assert.deepEqual(byShare.places, ['none', '10 %', '100 %']);
    assert.deepEqual(byShare.lines[0]!.mean, [50, 52, 62]);
  });

  it('stand in a page that needs no network and survives strange names', () => {
    const strange = [{ ...charts[0]!, title: '</script><b>' }];
    const page = studyPage({ title: 'A & B', measuredOn, answers, charts: strange });
    assert.match(page, /<h1>A &amp; B<\/h1>/);
    assert.doesNotMatch(page, /<\/script><b>/);
    assert.doesNotMatch(page, /(src|href)="?http/);
    assert.match(page, /new uPlot\(/);
    const [, json] = /<script type="application\/json" id="charts">(.*?)<\/script>/.exec(page)!;
    assert.deepEqual(JSON.parse(json!), JSON.parse(JSON.stringify(strange)));
  });
});
