/** Model, objective and update rule as one program for an engine. */
import type { ParameterGroup } from '../config/phase-section.ts';
import { LockstepError } from '../core/errors.ts';
import type { ForwardContext, Program, UpdateRule } from '../engine/engine.ts';
import { makeLeafLayout, makeStateLayout } from '../engine/layout.ts';
import type { Tensor } from '../engine/ops.ts';
import type { Model, ParameterDescription } from './model/model.ts';
import { type InputFacts, inputFeeds, type Objective } from './objective/objective.ts';
import { groupRates } from './optimizer/groups.ts';
import { trainedParameters } from './trained-parameters.ts';

export interface ProgramParts {
  readonly model: Model;
  readonly objective: Objective;
  readonly update: UpdateRule;
  /** How values are fed. */
  readonly facts: InputFacts;
  /** Those of the whole run, other objectives' heads included; the model's and this objective's when absent. */
  readonly parameters?: readonly ParameterDescription[];
  /** Parameters with a learning rate of their own. */
  readonly groups?: readonly ParameterGroup[] | undefined;
}

export function makeProgram(parts: ProgramParts): Program {
  const { model, objective, update, facts } = parts;
  const own = trainedParameters(model, [{ name: 'the only one', objective }]);
  const trainedNames = new Set(own.filter(({ isFixed }) => !isFixed).map(({ name }) => name));
  const state = makeStateLayout(parts.parameters ?? own, model.norms);
  return {
    state,
    leaf: makeLeafLayout(state, ['loss', 'weight', ...objective.sums], model.norms),
    feeds: [...inputFeeds(facts), ...objective.feeds],
    sums: (context) => objective.loss(behind(model, context), maskedFeatures(model, context)),
    ...(objective.predict && {
      outputs: (context) => objective.predict!(behind(model, context), model.features(context)),
    }),
    update,
    trains: ({ name }) => trainedNames.has(name),
    ...(parts.groups && { rateOf: groupRates(parts.groups, own) }),
  };
}

/** A program with the same state whose outputs are the model's features, averaged over the timesteps: `[rows, C]`. */
export function embeddingProgram(model: Model, program: Program): Program {
  return {
    ...program,
    outputs: (context) => behind(model, context).ops.meanOverLength(model.features(context)),
  };
}

/** The context for what is computed of the features. */
export function behind(
  { stride = 1 }: Pick<Model, 'stride'>,
  context: ForwardContext,
): ForwardContext {
  return { ...context, ops: context.ops.coarser(stride) };
}

/** A model that doesn't look at the mask sees what it is to predict, and learns nothing by copying it. */
function maskedFeatures(model: Model, context: ForwardContext): Tensor {
  if (!context.hasFeed('mask')) return model.features(context);
  let hasLooked = false;
  const feed = (name: string) => {
    hasLooked ||= name === 'mask';
    return context.feed(name);
  };
  const features = model.features({ ...context, feed });
  if (hasLooked) return features;
  throw new LockstepError(
    'EXTENSION_INVALID',
    'The objective hides timesteps by the feed "mask", but the model does not look at it: it would see them.',
    'Let the model replace hidden values, such as by valueChannel(), or choose an objective that hides nothing.',
  );
}
