/** The documentation is true: its commands run, its links lead somewhere, its keys are the schema's. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { after, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { z } from 'zod';
import { runConfigSchema } from '../../src/run/config.ts';
import { studyConfig } from '../../src/study/study-config.ts';
import { CLONE } from '../helper/clone.ts';

const PAGES = [
  'README.md',
  'src/README.md',
  'src/protocol/GUARANTEES.md',
  'test/parity/README.md',
  ...readdirSync(join(CLONE, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];
const read = (page: string): string => readFileSync(join(CLONE, page), 'utf8');

/** Commands that need not run again: what they made is there, and what they say is the same. */
const LASTS = /^\.\/bin\/lockstep\.js (data|debug|train|evaluate) /;

/** Its commands install the package: package.test.ts runs them. */
const OF_THE_PACKAGE = 'docs/own-model.md';

describe('the commands of', () => {
  const folder = placeLikeTheClone();
  after(() => rmSync(folder, { recursive: true }));
  /** One page's results serve the next, as they do for someone who reads both. */
  const done = new Set<string>();
  for (const page of PAGES) {
    if (page === OF_THE_PACKAGE) continue;
    const lines = shellBlocks(read(page)).join('\n').split('\n');
    if (lines.every((line) => line === '')) continue;
    it(`${page} run, one after the other`, async () => {
      const script = lines.filter((line) => !(LASTS.test(line) && done.has(line))).join('\n');
      await promisify(execFile)('bash', ['-euo', 'pipefail', '-c', script], {
        cwd: folder,
        env: { ...process.env, PATH: `${join(folder, 'bin-of-test')}:${process.env.PATH}` },
      });
      for (const line of lines) done.add(line);
    });
  }
});

describe('the links of', () => {
  for (const page of PAGES) {
    it(`${page} lead to files`, () => {
      const targets = [...read(page).matchAll(/\]\(([^)#\s]+)[^)]*\)/g)].map((match) => match[1]!);
      const local = targets.filter((target) => !target.includes('://'));
      const broken = local.filter((target) => !existsSync(resolve(CLONE, dirname(page), target)));
      assert.deepEqual(broken, []);
    });
  }
});

describe('docs/configuration.md', () => {
  it('has every key of the schema, and no other', () => {
    const documented = new Set(
      [...read('docs/configuration.md').matchAll(/^\| (`.+?`) \|/gm)].flatMap((row) =>
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
    const page = read('docs/ssl.md');
    assert.deepEqual(
      keys.filter((key) => !page.includes(`\`${key}\``)),
      [],
    );
  });
});

function shellBlocks(markdown: string): string[] {
  return [...markdown.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map((match) => match[1]!);
}

/** A temporary folder that looks like the clone to commands, but keeps what they write. */
function placeLikeTheClone(): string {
  const folder = mkdtempSync(join(tmpdir(), 'lockstep-docs-'));
  for (const name of ['bin', 'configs', 'examples', 'launcher', 'src']) {
    symlinkSync(join(CLONE, name), join(folder, name));
  }
  const shims = join(folder, 'bin-of-test');
  mkdirSync(shims);
  const npx = `#!/bin/sh\n[ "$1" = lockstep ] || exit 64\nshift\nexec node "${CLONE}/bin/lockstep.js" "$@"\n`;
  writeFileSync(join(shims, 'npx'), npx);
  chmodSync(join(shims, 'npx'), 0o755);
  return folder;
}

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
  const repeated = /^(evaluation\.data\.|start\.)/;
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
