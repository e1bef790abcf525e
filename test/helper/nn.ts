/** A model, an objective and an optimizer of the registry as one program, for tests of steps. */
import type { ModelConfig } from '../../src/config/model-section.ts';
import type { ObjectiveConfig, OptimizerConfig } from '../../src/config/phase-section.ts';
import type { PaddedRows } from '../../src/data/collate.ts';
import type { PhaseFacts } from '../../src/data/facts.ts';
import type { DataTarget } from '../../src/data/format/target.ts';
import { UNSCALED } from '../../src/data/scaling/scaling.ts';
import type { Program, TrainState } from '../../src/engine/engine.ts';
import { initialState } from '../../src/nn/initial-state.ts';
import type { Model, ParameterDescription } from '../../src/nn/model/model.ts';
import { objectiveFor } from '../../src/nn/objective/dropping.ts';
import type { Objective, Prepared } from '../../src/nn/objective/objective.ts';
import { makeProgram } from '../../src/nn/program.ts';
import { registry } from '../../src/nn/registry.ts';
import { trainedParameters } from '../../src/nn/trained-parameters.ts';

export const PLAIN_SGD: OptimizerConfig = { kind: 'sgd', momentum: 0, weightDecay: 0 };

/** One of each kind, to be learned. */
export const TARGETS = {
  class: { kind: 'class' },
  classes: { kind: 'classes' },
  numbers: {
    kind: 'numbers',
    numbers: [
      { name: 'level', mean: 2, deviation: 0.5 },
      { name: 'rate', mean: -10, deviation: 4 },
    ],
  },
  'timestep-class': { kind: 'timestep-class' },
} as const satisfies Partial<Record<DataTarget['kind'], DataTarget>>;

/** What sequences have by such a target: some classes, numbers about their means, a class for two timesteps of three. */
export function targetsOfRows(
  { target, classes }: PhaseFacts,
  lengths: readonly number[],
  paddedLength: number,
): Pick<PaddedRows, 'targets' | 'timestepLabels'> {
  const rows = lengths.length;
  if (target.kind === 'classes') {
    const applies = (_: unknown, cell: number) => ((cell * 5) % 3 === 0 ? 1 : 0);
    return { targets: Float32Array.from({ length: rows * classes }, applies) };
  }
  if (target.kind === 'numbers') {
    const { numbers } = target;
    return {
      targets: Float32Array.from({ length: rows * numbers.length }, (_, cell) => {
        const { mean, deviation } = numbers[cell % numbers.length]!;
        return mean + deviation * Math.sin(cell);
      }),
    };
  }
  if (target.kind !== 'timestep-class') return {};
  return {
    timestepLabels: Int32Array.from({ length: rows * paddedLength }, (_, position) => {
      const step = position % paddedLength;
      const isValid = step < lengths[Math.floor(position / paddedLength)]!;
      return isValid && step % 3 > 0 ? (step * 7) % classes : -1;
    }),
  };
}

/** Facts of integers, each equally frequent. */
export function factsOf({
  classes = 3,
  symbols = 7,
  target = TARGETS.class,
}: Partial<PhaseFacts> = {}): PhaseFacts {
  return {
    classes,
    channels: 1,
    scaling: UNSCALED,
    symbols,
    target,
    labelledSequences: 3 * classes,
    classCounts: Array<number>(classes).fill(1),
    symbolCounts: Array<number>(symbols).fill(1),
    transitionCounts: [],
    meanValue: (symbols - 1) / 2,
    valueRange: { minimum: 0, maximum: symbols - 1 },
  };
}

export interface Trained {
  readonly model: Model;
  readonly objective: Objective;
  readonly parameters: readonly ParameterDescription[];
  readonly program: Program;
  start(seed: number): TrainState;
}

export function trained(
  configs: { model: ModelConfig; objective: ObjectiveConfig; optimizer?: OptimizerConfig },
  facts: PhaseFacts,
  seed = 0,
): Trained {
  const model = registry.makeModel(configs.model, facts);
  const objective = objectiveFor(
    model,
    registry.makeObjective(configs.objective, facts, seed),
    seed,
  );
  const update = registry.makeUpdateRule(configs.optimizer ?? PLAIN_SGD);
  const parameters = trainedParameters(model, [{ name: 'test', objective }]);
  const program = makeProgram({ model, objective, update, facts });
  const { momentCount } = update;
  const start = (seed: number) => initialState(parameters, program.state, { seed, momentCount });
  return { model, objective, parameters, program, start };
}

/** What an objective prepares of the rows that it wants seen. */
export function preparedBy(objective: Objective, rows: PaddedRows): Prepared {
  return objective.prepare(objective.view?.(rows) ?? rows);
}
