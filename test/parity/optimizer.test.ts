/** The optimizers against PyTorch's on given gradients, through the engine. */
import { describe, it } from 'node:test';
import type { OptimizerConfig } from '../../src/config/phase-section.ts';
import type { Program } from '../../src/engine/engine.ts';
import { makeLeafLayout, makeStateLayout } from '../../src/engine/layout.ts';
import { registry } from '../../src/nn/registry.ts';
import { testEngine } from '../helper/engine.ts';
import { assertClose } from './close.ts';
import {
  type Fixture,
  loadFixture,
  OPTIMIZER_FIXTURES,
  type OptimizerSettings,
} from './fixture.ts';

const TOLERANCE = 1e-6;

for (const name of OPTIMIZER_FIXTURES) {
  describe(`fixture ${name}`, () => {
    it('moves the parameters as PyTorch does, step by step', () => {
      const fixture = loadFixture(name);
      const program = makeOptimizerProgram(fixture);
      const { parameterCount, parameters } = program.state;
      const session = testEngine.session(program);
      const flat = (prefix: string) => {
        const vector = new Float32Array(parameterCount);
        for (const slot of parameters) {
          vector.set(fixture.float(`${prefix}/${slot.name}`).data, slot.offset);
        }
        return vector;
      };
      session.load({
        parameters: flat('initial'),
        statistics: new Float32Array(),
        moments: Array.from(
          { length: program.update.momentCount },
          () => new Float32Array(parameterCount),
        ),
      });
      fixture.settings.steps.forEach(({ learningRate }, step) => {
        const total = new Float32Array(program.leaf.size);
        total.set(flat(`step.${step}/gradient`));
        total[program.leaf.sumOffset + 1] = 1;
        session.apply({ total, learningRate, step: step + 1, statisticsMomentum: 0.1 });
        const expected = flat(`step.${step}/parameters`);
        assertClose(session.read().parameters, expected, TOLERANCE, `parameters ${step}`);
      });
      session.dispose();
    });
  });
}

function makeOptimizerProgram(fixture: Fixture<OptimizerSettings>): Program {
  const { clipNorm, ...rest } = fixture.settings.optimizer;
  const optimizer = (clipNorm === null ? rest : { ...rest, clipNorm }) as OptimizerConfig;
  const shapes = [...fixture.under('initial')].map(([name, { shape }]) => ({ name, shape }));
  const state = makeStateLayout(shapes, []);
  const unused = () => {
    throw new Error('an optimizer program has no forward pass');
  };
  return {
    state,
    leaf: makeLeafLayout(state, ['loss', 'weight'], []),
    feeds: [],
    sums: unused,
    outputs: unused,
    update: registry.makeUpdateRule(optimizer),
    trains: () => true,
  };
}
