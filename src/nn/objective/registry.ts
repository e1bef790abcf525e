/** The objectives by name. */
import type { ObjectiveConfig } from '../../config/phase-section.ts';
import type { PhaseFacts } from '../../data/facts.ts';
import { makeContrastiveObjective } from './contrastive.ts';
import { makeMaskedObjective } from './masked.ts';
import { makeNextStepObjective } from './next-step.ts';
import type { Objective } from './objective.ts';
import { makeSupervisedObjective } from './supervised.ts';

/** @param seed the run's: masks follow from it */
export function makeObjective(config: ObjectiveConfig, facts: PhaseFacts, seed: number): Objective {
  switch (config.kind) {
    case 'supervised':
      return makeSupervisedObjective(config, facts);
    case 'masked':
      return makeMaskedObjective(config, facts, seed);
    case 'next-step':
      return makeNextStepObjective(config, facts);
    case 'contrastive':
      return makeContrastiveObjective(config, facts);
  }
}

/** Outputs of the pretext head that an objective of this configuration needs. */
export function pretextOutputsOf(config: ObjectiveConfig, symbols: number): number {
  if (config.kind === 'supervised') return 0;
  if (config.kind === 'contrastive') return config.dimensions;
  return config.target === 'classification' ? symbols : 1;
}
