/** The thread that fits one model in closed form to each label count and draw, and measures it. */
import { renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { countLabelled } from '../../baseline/label-draws.ts';
import { ngramConfig } from '../../config/ngram-config.ts';
import { rocketConfig } from '../../config/rocket-config.ts';
import { removeQuietly } from '../../core/remove-quietly.ts';
import { openStore, type StoreOnDisk } from '../../data/format/open-store.ts';
import { writeNgramRun } from '../../run/ngram/ngram-run.ts';
import { writeRocketRun } from '../../run/rocket/rocket-run.ts';
import { NgramFitter } from '../../workflow/ngram/ngram-fitter.ts';
import { fitRocket } from '../../workflow/rocket/fit-rocket.ts';
import type { CellResult, MeasuredResult } from '../cell.ts';
import { answerRequest } from '../in-thread.ts';
import { type MeasuredModel, measureModel } from '../measure-model.ts';
import {
  CLOSED_FORM,
  type ClosedForm,
  type ClosedFormFit,
  closedFormFits,
  type LabelPlan,
  rocketVariant,
} from './fits.ts';

export interface ClosedFormRequest extends LabelPlan {
  readonly family: ClosedForm;
  /** Name and folder of the dataset. */
  readonly dataset: string;
  readonly store: string;
  /** Gets the best model with the most labels. */
  readonly runFolder: string;
}

/** Writes the run of one fit, and tells its figure where it was chosen: NaN where a validation split must be read for it. */
type FitOne = (fit: ClosedFormFit, runFolder: string) => Promise<number>;

function ngrams(store: StoreOnDisk, { store: path, seed, family }: ClosedFormRequest): FitOne {
  const fitter = new NgramFitter(store, {});
  return async ({ phase, data }, runFolder) => {
    const config = ngramConfig.parse({
      name: `${family}-${phase}`,
      seed,
      data: { ...data, store: path },
    });
    const { facts, ...fitted } = await fitter.fit(config);
    await writeNgramRun(runFolder, { config, ...fitted, choices: facts.choices });
    return store.manifest.target.kind === 'class' ? facts.merit.value : Number.NaN;
  };
}

function rockets(
  store: StoreOnDisk,
  { store: path, seed, family }: ClosedFormRequest,
  fits: readonly ClosedFormFit[],
): FitOne {
  const variant = rocketVariant(store, fits);
  return async ({ phase, data }, runFolder) => {
    const config = rocketConfig.parse({
      name: `${family}-${phase}`,
      seed,
      data: { ...data, store: path },
      model: { variant },
    });
    const { chosen, model, kept, facts } = await fitRocket(config, store, {}, () => {});
    await writeRocketRun(runFolder, { config: { ...config, model: chosen }, model, kept });
    return countLabelled(store, 'validation') > 0 ? Number.NaN : facts.heldOut.value;
  };
}

const measure = (run: string, split: 'validation' | 'test'): Promise<MeasuredModel> =>
  measureModel({ run, split }, () => Promise.reject(new Error('A fitted model has no engine.')));

function resultOf(
  { phase, labels, unit, draw }: ClosedFormFit,
  validation: number,
  { measurement: { value, byLengthQuartile, hits, calibrationError } }: MeasuredModel,
): MeasuredResult {
  return {
    ...{ phase, labels, unit, draw, validation },
    test: { value, byLengthQuartile, ...(calibrationError !== undefined && { calibrationError }) },
    ...(hits !== undefined && { hits }),
  };
}

/** Of the fits with the most labels, the one that did best on validation data. */
function keepBest(results: readonly MeasuredResult[], parts: string, runFolder: string): void {
  const most = results.at(-1)!.labels;
  const [best] = results
    .filter(({ labels }) => labels === most)
    .toSorted((a, b) => b.validation - a.validation);
  rmSync(runFolder, { recursive: true, force: true });
  renameSync(join(parts, best!.phase), runFolder);
}

async function fitAll(
  request: ClosedFormRequest,
  tell: (progress: string) => void,
): Promise<CellResult> {
  const started = performance.now();
  const store = await openStore(request.store);
  const parts = `${request.runFolder}.part`;
  try {
    rmSync(parts, { recursive: true, force: true });
    const fits = closedFormFits(store, request);
    const fitOne = { ngram: ngrams, rocket: rockets }[request.family](store, request, fits);
    const canValidate = countLabelled(store, 'validation') > 0;
    const measured: MeasuredModel[] = [];
    const results: MeasuredResult[] = [];
    for (const [at, fit] of fits.entries()) {
      tell(`Fitting lockstep ${request.family}, ${at + 1} of ${fits.length}`);
      const run = join(parts, fit.phase);
      const chosen = await fitOne(fit, run);
      const validation =
        Number.isNaN(chosen) && canValidate
          ? (await measure(run, 'validation')).measurement.value
          : chosen;
      const test = await measure(run, 'test');
      measured.push(test);
      results.push(resultOf(fit, validation, test));
    }
    keepBest(results, parts, request.runFolder);
    return {
      key: { dataset: request.dataset, network: request.family, recipe: CLOSED_FORM, share: 1 },
      merit: measured[0]!.measurement.name,
      seconds: (performance.now() - started) / 1000,
      pretexts: [],
      testSequences: measured[0]!.sequences,
      measured: results,
    };
  } finally {
    await store.close();
    await removeQuietly(parts);
  }
}

await answerRequest(fitAll);
