/** The objectives by name. */
import type { ObjectiveConfig } from '../config/phase-section.ts';
import { makeMaskedObjective } from './masked.ts';
import type { DataFacts, Objective } from './objective.ts';
import { makeSupervisedObjective } from './supervised.ts';

/** @param seed the run's: masks follow from it */
export function makeObjective(config: ObjectiveConfig, facts: DataFacts, seed: number): Objective {
  return config.kind === 'supervised'
    ? makeSupervisedObjective(config, facts)
    : makeMaskedObjective(config, facts, seed);
}

/** Outputs of the pretext head that an objective of this configuration needs. */
export function pretextOutputsOf(config: ObjectiveConfig, symbols: number): number {
  if (config.kind === 'supervised') return 0;
  return config.target === 'classification' ? symbols : 1;
}
