/** Model, objective and optimizer as one program for an engine. */
import type { OptimizerConfig } from '../config/phase-section.ts';
import type { Program } from '../engine/engine.ts';
import { makeLeafLayout, makeStateLayout } from '../engine/layout.ts';
import type { Model } from './model/model.ts';
import type { Objective } from './objective/objective.ts';
import { makeUpdateRule } from './optimizer/update-rule.ts';

export function makeProgram(
  model: Model,
  objective: Objective,
  optimizer: OptimizerConfig,
): Program {
  const state = makeStateLayout(model.parameters, model.norms);
  return {
    state,
    leaf: makeLeafLayout(state, objective.sumNames, model.norms),
    feeds: objective.feeds,
    sums: (context) => objective.sums(model, context),
    outputs: (context) => model.classify(context, model.features(context)),
    update: makeUpdateRule(optimizer),
    trains: (slot) => objective.trains(slot),
  };
}
