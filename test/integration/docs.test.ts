/** The documentation is true: its commands run, its links lead somewhere, its keys are the schema's. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { after, describe, it } from 'node:test';
import { z } from 'zod';
import { runConfigSchema } from '../../src/run/config.ts';
import { studyConfig } from '../../src/study/study-config.ts';
import { CLONE } from '../helper/clone.ts';
import { commandsOf, PAGES, Reader, readPage } from '../helper/documentation.ts';

/** Run by test/long. */
const ELSEWHERE = new Set(['docs/own-model.md', 'docs/data.md', 'docs/tasks.md']);

describe('the commands of', () => {
  const reader = new Reader();
  after(() => reader.close());
  for (const page of PAGES) {
    if (ELSEWHERE.has(page) || commandsOf(page).length === 0) continue;
    it(`${page} run, one after the other`, () => reader.run(page));
  }
});

describe('the links of', () => {
  for (const page of PAGES) {
    it(`${page} lead to files`, () => {
      const targets = [...readPage(page).matchAll(/\]\(([^)#\s]+)[^)]*\)/g)].map(
        (match) => match[1]!,
      );
      const local = targets.filter((target) => !target.includes('://'));
      const broken = local.filter((target) => !existsSync(resolve(CLONE, dirname(page), target)));
      assert.deepEqual(broken, []);
    });
  }
});

describe('README.md', () => {
  it('has fewer than 120 lines', () => {
    assert.ok(readPage('README.md').split('\n').length <= 120);
  });
});

describe('docs/configuration.md', () => {
  it('has every key of the schema, and no other', () => {
    const documented = new Set(
      [...readPage('docs/configuration.md').matchAll(/^\| (`.+?`) \|/gm)].flatMap((row) =>
        [...row[1]!.matchAll(/`([^`]+)`/g)].map((key) => key[1]!),
      ),
    );
    const keys = schemaKeys();
    assert.deepEqual(
      [...documented].filter((key) => !keys.has(key)),
      [],
      'documented only',
    );
    assert.deepEqual(
      [...keys].filter((key) => !documented.has(key)),
      [],
      'in the schema only',
    );
  });
});

describe('docs/ssl.md', () => {
  it("has every key of a grid that is not a run's", () => {
    const root = z.toJSONSchema(studyConfig(), { io: 'input' }) as JsonSchema;
    const dataset = root.properties!.datasets!.items!;
    const network = dataset.properties!.networks!.additionalProperties!;
    const labels = network.properties!.labels!.items!;
    const keys = [root, dataset, network, labels].flatMap(({ properties }) =>
      Object.keys(properties!),
    );
    const page = readPage('docs/ssl.md');
    assert.deepEqual(
      keys.filter((key) => !page.includes(`\`${key}\``)),
      [],
    );
  });
});

/** Sections have no row of their own, but for a phase's `batch` and an evaluation's subset. */
const SECTIONS = new Set([
  'data',
  'data.synthetic.length',
  'model',
  'engine',
  'nonFinite',
  'replicaCheck',
  'checkpoint',
  'objective',
  'optimizer',
  'learningRate',
  'duration',
  'evaluation',
]);

interface JsonSchema {
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly items?: JsonSchema;
  readonly additionalProperties?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
}

/** Keys as the page writes them: the run's by their paths, a phase's from the phase on. */
function schemaKeys(): Set<string> {
  const root = z.toJSONSchema(runConfigSchema(), { io: 'input' }) as JsonSchema;
  const { phases, ...others } = root.properties!;
  const keys = new Set(['phases']);
  collect({ properties: others }, '', keys);
  collect(phases!.items!, '', keys);
  const repeated = /^(evaluation\.(probe\.)?data\.|start\.)/;
  return new Set([...keys].filter((key) => !repeated.test(key) && !SECTIONS.has(key)));
}

function collect(schema: JsonSchema, path: string, keys: Set<string>): void {
  for (const variant of [...(schema.anyOf ?? []), ...(schema.oneOf ?? [])]) {
    collect(variant, path, keys);
  }
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    const key = path === '' ? name : `${path}.${name}`;
    keys.add(key);
    collect(property, key, keys);
  }
}
