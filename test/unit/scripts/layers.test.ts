import assert from 'node:assert/strict';
import { test } from 'node:test';
import { folderFaults } from '../../../scripts/layers/folders.ts';
import { importsOf } from '../../../scripts/layers/imports.ts';
import { LAYERS, layerProblems } from '../../../scripts/layers/rules.ts';

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
    '../worker/trainer.ts',
    'src/coordinator/plan.ts imports src/worker/trainer.ts: the coordinator must stay engine-free',
  ],
  [
    'src/worker/trainer.ts',
    '../coordinator/server.ts',
    'src/worker/trainer.ts imports src/coordinator/server.ts: a worker never imports the coordinator',
  ],
  [
    'src/core/clock.ts',
    '../config/run.ts',
    'src/core/clock.ts imports src/config/run.ts: config lies above core',
  ],
  [
    'src/data/collate.ts',
    '../worker/trainer.ts',
    'src/data/collate.ts imports src/worker/trainer.ts: data know no engine and no objective',
  ],
  [
    'src/worker/trainer.ts',
    '../cli/main.ts',
    'src/worker/trainer.ts imports src/cli/main.ts: nothing imports the command line',
  ],
  [
    'src/data/collate.ts',
    '../../scripts/make.ts',
    'src/data/collate.ts imports scripts/make.ts: scripts are programs, never imported by the library',
  ],
  [
    'src/data/facts.ts',
    '../engine/engine.ts',
    'src/data/facts.ts imports src/engine/engine.ts: data know no engine and no objective',
  ],
  [
    'src/source/rows.ts',
    '../formats/csv/import-csv.ts',
    'src/source/rows.ts imports src/formats/csv/import-csv.ts: formats lies above source',
  ],
  [
    'src/importer/registry.ts',
    '../nn/registry.ts',
    'src/importer/registry.ts imports src/nn/registry.ts: data know no engine and no objective',
  ],
  [
    'src/nn/net.ts',
    '@tensorflow/tfjs-core',
    'src/nn/net.ts imports @tensorflow/tfjs-core: only engine/ imports TensorFlow',
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

test('a thread that reads loads no zod, not even through others', () => {
  const columns = "import { z } from 'zod';";
  const reader = "import { x } from '../../source/columns.ts';";
  const types = reader.replace('{ x }', 'type { x }');
  const found = (text: string) =>
    problems({ 'src/formats/csv/import-csv.ts': text, 'src/source/columns.ts': columns });
  assert.deepEqual(found(types), []);
  assert.deepEqual(found(reader), [
    'src/formats/csv/import-csv.ts → src/source/columns.ts → zod: a thread that reads starts without zod, which takes longer to load than all the rest',
  ]);
});

test('a folder that no layer knows is refused', () => {
  assert.deepEqual(problems({ 'src/helper/a.ts': '' }), [
    'src/helper/a.ts lies in no layer: add its folder to LAYERS in scripts/layers/rules.ts',
  ]);
});

/** A tree with one file of as many lines for each folder that the rules know. */
const evenTree = (lines: number): Map<string, string> =>
  new Map(
    LAYERS.flat().map((area) => [
      area.endsWith('.ts') ? `src/${area}` : `src/${area}/a.ts`,
      '\n'.repeat(lines),
    ]),
  );

test('a layer that names a folder without files is refused', () => {
  const tree = evenTree(10);
  assert.deepEqual(folderFaults(tree), []);
  tree.delete('src/launch/a.ts');
  assert.deepEqual(folderFaults(tree), [
    'src/launch does not exist: take it out of LAYERS in scripts/layers/rules.ts',
  ]);
});

test('a folder with more than 12 % of the lines of src is refused', () => {
  const tree = evenTree(100);
  const others = 100 * (tree.size - 1);
  tree.set('src/cli/b.ts', '\n'.repeat(Math.round((others * 12) / 88) - 101));
  assert.deepEqual(folderFaults(tree), []);
  tree.set('src/cli/b.ts', '\n'.repeat(Math.round((others * 13) / 87) - 100));
  assert.deepEqual(folderFaults(tree), [
    'src/cli holds 13 % of the lines of src: divide it (at most 12 %)',
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
      'src/engine/a.ts': "import { b } from '../launch/b.ts';",
      'src/launch/c.ts': "import { d } from '../engine/d.ts';",
    }),
    [
      'engine → launch → engine: a cycle of folders (src/engine/a.ts imports src/launch/b.ts, src/launch/c.ts imports src/engine/d.ts)',
    ],
  );
});

test('the coordinator may not reach TensorFlow through others, unless by types', () => {
  const tree = (statement: string) => ({
    'src/coordinator/a.ts': "import { b } from '../collective/b.ts';",
    'src/collective/b.ts': statement,
    'src/engine/c.ts': "import * as tf from '@tensorflow/tfjs';",
  });
  assert.deepEqual(problems(tree("import { c } from '../engine/c.ts';")), [
    'src/coordinator/a.ts → src/collective/b.ts → src/engine/c.ts → @tensorflow/tfjs: the coordinator runs without TensorFlow',
  ]);
  assert.deepEqual(problems(tree("import { type C } from '../engine/c.ts';")), []);
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
