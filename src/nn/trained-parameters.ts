/** What a run trains: the model's parameters, then the heads of its objectives. */
import { LockstepError } from '../core/errors.ts';
import type { Model, ParameterDescription } from './model/model.ts';
import type { Objective } from './objective/objective.ts';

interface Phase {
  readonly name: string;
  readonly objective: Pick<Objective, 'head'>;
}

/**
 * The same for all phases, whatever their order: heads follow each other by the names of their parameters.
 * @throws LockstepError CONFIG_INVALID when two phases want one head parameter in two shapes,
 *   EXTENSION_INVALID when a name is there twice
 */
export function trainedParameters(
  model: Pick<Model, 'channels' | 'parameters'>,
  phases: readonly Phase[],
): readonly ParameterDescription[] {
  refuseTwice(model.parameters, 'The model');
  const heads = phases.map((phase) => ({ phase, head: phase.objective.head(model.channels) }));
  const known = new Map<string, { parameter: ParameterDescription; phase: Phase }>();
  for (const { phase, head } of heads.toSorted(byFirstName)) {
    refuseTwice([...model.parameters, ...head], `Phase "${phase.name}": the model with its head`);
    for (const parameter of head) {
      const before = known.get(parameter.name);
      if (before !== undefined) refuseOtherShape(before, { parameter, phase });
      known.set(parameter.name, before ?? { parameter, phase });
    }
  }
  return [...model.parameters, ...[...known.values()].map(({ parameter }) => parameter)];
}

interface Head {
  readonly head: readonly ParameterDescription[];
}

function byFirstName({ head: [a] }: Head, { head: [b] }: Head): number {
  const [first, second] = [a?.name ?? '', b?.name ?? ''];
  return first < second ? -1 : first > second ? 1 : 0;
}

function refuseTwice(parameters: readonly ParameterDescription[], whose: string): void {
  const names = parameters.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice === undefined) return;
  throw new LockstepError(
    'EXTENSION_INVALID',
    `${whose} describes the parameter "${twice}" twice.`,
    'Give each parameter a name of its own.',
  );
}

type Wanted = { readonly parameter: ParameterDescription; readonly phase: Phase };

function refuseOtherShape(before: Wanted, { parameter, phase }: Wanted): void {
  const [known, found] = [before.parameter.shape, parameter.shape].map((shape) =>
    shape.join(' × '),
  );
  if (known === found) return;
  throw new LockstepError(
    'CONFIG_INVALID',
    `Phases "${before.phase.name}" and "${phase.name}" share the parameter "${parameter.name}", but want it as ${known} and ${found} numbers: a run has one.`,
    'Give the objectives of both phases the same options, or make two runs.',
  );
}
