/** What looks wrong with a run that can be trained all the same. */
import { listNames } from '../core/name-list.ts';
import type { StoreFacts } from '../data/facts.ts';
import type { RunDefinition } from './definition.ts';
import { loneRows } from './needs.ts';
import type { PhaseData } from './phase.ts';

/** So far from order 1, a network learns little in the usual number of steps. */
const FAR = 30;

/** A sentence for each: those of the data, then those of the phases, in their order. */
export function runConcerns(run: Pick<RunDefinition, 'phases' | 'store' | 'scaling'>): string[] {
  const { phases, store } = run;
  const ofPhases = phases.flatMap((phase) => [...absentClasses(phase, store), ...lone(phase)]);
  return [...unscaled(run), ...ofPhases];
}

/** Real values that are far from order 1 and stay so. */
function unscaled({ store, scaling }: Pick<RunDefinition, 'store' | 'scaling'>): string[] {
  const { manifest } = store;
  if (scaling.kind !== 'none' || manifest.valueType !== 'float32') return [];
  const channel = manifest.channelStatistics.findIndex(
    ({ mean, deviation }) =>
      deviation > 0 && (Math.abs(mean) > FAR || deviation > FAR || deviation < 1 / FAR),
  );
  const found = manifest.channelStatistics[channel];
  if (found === undefined) return [];
  const where = manifest.channels === 1 ? 'the values have' : `channel ${channel} has`;
  const [mean, deviation] = [found.mean, found.deviation].map((value) =>
    Number(value.toPrecision(3)),
  );
  return [
    `data.scaling is "none", but ${where} a mean of ${mean} and a deviation of ${deviation}: a network learns little from numbers far from order 1. Leave data.scaling out to scale them.`,
  ];
}

function absentClasses({ config, needs, facts }: PhaseData, { manifest }: StoreFacts): string[] {
  if (!needs.labels) return [];
  const absent = manifest.classes.filter((_, label) => facts.classCounts[label] === 0);
  if (absent.length === 0) return [];
  const what = manifest.target.kind === 'timestep-class' ? 'timestep' : 'sequence';
  const names = absent.map((name) => `"${name}"`);
  const [who, it] =
    absent.length === 1
      ? [`class ${names[0]} has`, 'it']
      : [`${absent.length} classes have`, 'them'];
  const which = absent.length === 1 ? '' : ` (${listNames(names)})`;
  return [
    `Phase "${config.name}": ${who} no training ${what}${which}; the model cannot learn ${it}.`,
  ];
}

function lone({ config, needs, plan, evaluation }: PhaseData): string[] {
  const training = loneRows(needs, plan);
  const evaluated = evaluation && loneRows(needs, evaluation);
  return [
    ...(training ? [`Phase "${config.name}": ${training.text}.`] : []),
    ...(evaluated ? [`The evaluation of phase "${config.name}": ${evaluated.text}.`] : []),
  ];
}
