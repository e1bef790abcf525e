import assert from 'node:assert/strict';
import { test } from 'node:test';
import { importsOf } from '../../../scripts/layers/imports.ts';
import { layerProblems } from '../../../scripts/layers/rules.ts';

const problems = (tree: Record<string, string>): string[] =>
  layerProblems(new Map(Object.entries(tree)));

test('a tree whose imports go downwards has no problem', () => {
  assert.deepEqual(
    problems({
      'src/cli/main.ts': "import { serve } from '../coordinator/server.ts';",
      'src/coordinator/server.ts': "import { steps } from '../data/plan.ts';",
      'src/data/plan.ts': "import { random } from '../core/random.ts';",
      'src/core/random.ts': "import { createHash } from 'node:crypto';",
      'src/engine/binding.ts': "import * as tf from '@tensorflow/tfjs-node-gpu';",
      'src/collective/transport/socket.ts': "import { Push } from 'zeromq';",
      'scripts/benchmark.ts': "import { steps } from '../src/data/plan.ts';",
    }),
    [],
  );
});

const FORBIDDEN: [from: string, specifier: string, sentence: string][] = [
  [
    'src/coordinator/plan.ts',
    '../engine/engine.ts',
    'src/coordinator/plan.ts imports src/engine/engine.ts: the coordinator must stay engine-free',
  ],
  [
    'src/coordinator/plan.ts',
    '../worker/loop.ts',
    'src/coordinator/plan.ts imports src/worker/loop.ts: the coordinator must stay engine-free',
  ],
  [
    'src/worker/loop.ts',
    '../coordinator/server.ts',
    'src/worker/loop.ts imports src/coordinator/server.ts: a worker never imports the coordinator',
  ],
  [
    'src/core/clock.ts',
    '../config/run.ts',
    'src/core/clock.ts imports src/config/run.ts: config lies above core',
  ],
  [
    'src/data/loader.ts',
    '../worker/loop.ts',
    'src/data/loader.ts imports src/worker/loop.ts: worker lies above data',
  ],
  [
    'src/worker/loop.ts',
    '../cli/main.ts',
    'src/worker/loop.ts imports src/cli/main.ts: nothing imports the command line',
  ],
  [
    'src/data/loader.ts',
    '../../scripts/make.ts',
    'src/data/loader.ts imports scripts/make.ts: scripts are programs, never imported by the library',
  ],
  [
    'launcher/launch.ts',
    '../src/model/net.ts',
    'launcher/launch.ts imports src/model/net.ts: the launcher knows nothing of training',
  ],
  [
    'src/model/net.ts',
    '@tensorflow/tfjs-core',
    'src/model/net.ts imports @tensorflow/tfjs-core: only engine/ imports TensorFlow',
  ],
  [
    'src/collective/all-reduce.ts',
    'zeromq',
    'src/collective/all-reduce.ts imports zeromq: only protocol/ and collective/transport/ import zeromq',
  ],
];

for (const [from, specifier, sentence] of FORBIDDEN) {
  test(`refused: ${sentence}`, () => {
    assert.deepEqual(problems({ [from]: `import { x } from '${specifier}';` }), [sentence]);
  });
}

test('an import of types alone is an import too', () => {
  assert.equal(problems({ 'src/core/a.ts': "import type { X } from '../config/b.ts';" }).length, 1);
});

test('a folder that no layer knows is refused', () => {
  assert.deepEqual(problems({ 'src/helper/a.ts': '' }), [
    'src/helper/a.ts lies in no layer: add its folder to LAYERS in scripts/layers/rules.ts',
  ]);
});

test('a cycle of files is refused, inside a folder as well, and shown whole', () => {
  assert.deepEqual(
    problems({
      'src/core/a.ts': "import { b } from './b.ts';",
      'src/core/b.ts': "export * from './c.ts';",
      'src/core/c.ts': "import { a } from './a.ts';",
    }),
    ['src/core/a.ts → src/core/b.ts → src/core/c.ts → src/core/a.ts: an import cycle'],
  );
});

test('a cycle of folders without a cycle of files is refused', () => {
  assert.deepEqual(
    problems({
      'src/data/a.ts': "import { b } from '../model/b.ts';",
      'src/model/c.ts': "import { d } from '../data/d.ts';",
    }),
    [
      'data → model → data: a cycle of folders (src/data/a.ts imports src/model/b.ts, src/model/c.ts imports src/data/d.ts)',
    ],
  );
});

test('the coordinator may not reach TensorFlow through others, unless by types', () => {
  const tree = (statement: string) => ({
    'src/coordinator/a.ts': "import { b } from '../data/b.ts';",
    'src/data/b.ts': statement,
    'src/engine/c.ts': "import * as tf from '@tensorflow/tfjs';",
  });
  assert.deepEqual(problems(tree("import { c } from '../engine/c.ts';")), [
    'src/coordinator/a.ts → src/data/b.ts → src/engine/c.ts → @tensorflow/tfjs: the coordinator runs without TensorFlow',
  ]);
  assert.deepEqual(problems(tree("import { type C } from '../engine/c.ts';")), []);
});

test('the dashboard may not reach modules of Node', () => {
  assert.deepEqual(
    problems({
      'src/dashboard/a.ts': "import { b } from '../core/b.ts';",
      'src/core/b.ts': "import { readFileSync } from 'node:fs';",
    }),
    ['src/dashboard/a.ts → src/core/b.ts → node:fs: the dashboard runs in a browser'],
  );
});

test('every form of import is seen, those in comments are not', () => {
  const source = `
import a, { b } from './1.ts';
import * as c from './2.ts';
import type { D } from './3.ts';
import {
  type E,
  type F,
} from './4.ts';
import { type G, h } from './5.ts';
export { i } from './6.ts';
export type * from './7.ts';
import './8.ts';
const j = await import('./9.ts');
// import('./no.ts') and
/** import { k } from './no.ts'; or {@link import('./no.ts')} */
`;
  assert.deepEqual(
    importsOf(source).map(({ specifier, typeOnly }) => `${specifier}${typeOnly ? ' (types)' : ''}`),
    [
      ...['./1.ts', './2.ts', './3.ts (types)', './4.ts (types)', './5.ts', './6.ts'],
      ...['./7.ts (types)', './8.ts', './9.ts'],
    ],
  );
});
