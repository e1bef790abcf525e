/** What looks wrong with a run that can be trained all the same. */
import { listNames } from '../core/name-list.ts';
import type { StoreFacts } from '../data/facts.ts';
import type { RunDefinition } from './definition.ts';
import { loneRows } from './needs.ts';
import type { PhaseData } from './phase.ts';

/** A sentence for each, in the order of the phases. */
export function runConcerns({ phases, store }: Pick<RunDefinition, 'phases' | 'store'>): string[] {
  return phases.flatMap((phase) => [...absentClasses(phase, store), ...lone(phase)]);
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
