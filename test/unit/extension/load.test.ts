import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  lchownSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { configuredExtensions } from '../../../src/extension/config-file.ts';
import { extensionOf, requireExtensions } from '../../../src/extension/identity.ts';
import { loadExtensions, loadReferences } from '../../../src/extension/load.ts';
import { loadedFrom } from '../../../src/extension/loaded.ts';
import { importers } from '../../../src/importer/registry.ts';
import { deadline } from '../../helper/slowness.ts';

const GUARD = new URL('../../../src/extension/loading-guard.js', import.meta.url).href;
const LOAD = new URL('../../../src/extension/load.js', import.meta.url).href;

/** Outside the project, without node_modules above it. */
const folder = realpathSync(mkdtempSync(join(tmpdir(), 'lockstep-extension-')));
after(() => rmSync(folder, { recursive: true }));

function write(name: string, text: string): string {
  const path = join(folder, name);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, text);
  return path;
}

const hashOf = (text: string) => createHash('sha256').update(text).digest('hex');

/** A module with one importer, in JavaScript. */
const importer = (kind: string) => `import { defineImporter, z } from 'lockstep';
export default defineImporter({
  kind: '${kind}',
  options: z.strictObject({}),
  accepts: () => false,
  records: () => [],
});
`;

describe('loadExtensions()', () => {
  it('takes JavaScript; the hash is that of the file', async () => {
    const path = write('plain.js', importer('plain'));
    await loadExtensions([path]);
    assert.equal(importers.named('plain').kind, 'plain');
    assert.equal(loadedFrom(path)!.sha256, hashOf(importer('plain')));
    assert.equal(extensionOf(importers.named('plain')), loadedFrom(path));
  });

  it('takes TypeScript with relative imports, whatever the package.json around it says', async () => {
    write('typed/package.json', '{ "type": "commonjs" }');
    const part = "export const kind: string = 'typed';\n";
    write('typed/part.ts', part);
    const text = `import type { ImportItem } from 'lockstep';
import { defineImporter, z } from 'lockstep';
import { kind } from './part.js';
async function* records(): AsyncGenerator<ImportItem> {}
export const own = [defineImporter({ kind, options: z.strictObject({}), accepts: () => false, records })];
`;
    const path = write('typed/own.ts', text);
    await loadExtensions([path]);
    assert.equal(importers.named('typed').kind, 'typed');
    const listing = `${hashOf(text)}  own.ts\n${hashOf(part)}  part.ts\n`;
    assert.equal(loadedFrom(path)!.sha256, hashOf(listing), 'as of the output of sha256sum');
  });

  it('executes a module once, and refuses another one of its path', async () => {
    const path = write('once.js', importer('once'));
    await loadExtensions([path, path]);
    write('once.js', `// Changed.\n${importer('once')}`);
    await assert.rejects(loadExtensions([path]), {
      code: 'EXTENSION_INVALID',
      message: `Cannot load the extension ${path}: it has changed since this process loaded it.`,
    });
  });

  const refused: [string, string, string, RegExp][] = [
    ['an absent file', 'absent.ts', '', /absent\.ts: there is no such file\.$/],
    ['another ending', 'own.py', 'x', /own\.py: its name ends in "\.py"\.$/],
    [
      'a module without a definition',
      'empty.ts',
      'export const x = 1;',
      /empty\.ts: it exports no model, objective or importer\.$/,
    ],
    [
      'a syntax error in TypeScript',
      'a.ts',
      'const a: number = 1;\nfoo(;\n',
      /a\.ts:2:5: Expression expected\.$/,
    ],
    [
      'a syntax error in JavaScript',
      'b.js',
      'const a = 1;\nfoo(;\n',
      /b\.js:2:5: Expression expected\.$/,
    ],
    [
      'TypeScript that is more than types',
      'c.ts',
      'export enum A { b }\n',
      /c\.ts:1:8: TypeScript enum is not supported/,
    ],
    [
      'one that throws',
      'd.ts',
      'interface A { a: number }\n\n  throw new TypeError("no");\n',
      /d\.ts:3:9: TypeError: no\.$/,
    ],
    [
      'a name that is not there',
      'e.ts',
      "import { nothing } from 'lockstep';\n",
      /e\.ts: SyntaxError: .*'nothing'\.$/,
    ],
    [
      'an import of an absent file',
      'f.ts',
      "import './part';\n",
      /f\.ts: it imports "\.\/part", and there is no such file\.$/,
    ],
    [
      'an unfit definition',
      'g.js',
      importer('a b'),
      /g\.js:2:16: defineImporter\(\) was given the kind "a b"\.$/,
    ],
    [
      "another definition of Lockstep's own kind",
      'h.js',
      importer('csv'),
      /h\.js: there are two definitions of the importer "csv": Lockstep itself has one\.$/,
    ],
    [
      'another definition of a kind',
      'i.js',
      importer('plain'),
      /i\.js: there are two definitions of the importer "plain": .*plain\.js has one, too\.$/,
    ],
  ];
  for (const [what, name, text, message] of refused) {
    it(`refuses ${what}`, async () => {
      const path = text === '' ? join(folder, name) : write(name, text);
      await assert.rejects(loadExtensions([path]), { code: 'EXTENSION_INVALID', message });
    });
  }
});

describe('an extension that is no file', () => {
  it('is refused at once, and in words', async () => {
    const pipe = join(folder, 'pipe.js');
    assert.equal(spawnSync('mkfifo', [pipe]).status, 0);
    const circle = join(folder, 'circle.js');
    symlinkSync(circle, circle);
    const code = 'EXTENSION_INVALID';
    await assert.rejects(loadExtensions([pipe]), {
      code,
      message: /pipe\.js: it is a pipe or a device, not a file \(ERR_NOT_A_FILE\)\.$/,
    });
    await assert.rejects(loadExtensions([circle]), {
      code,
      message: /circle\.js: .* \(ELOOP\)\.$/,
    });
  });
});

describe('an extension that another process named', () => {
  it('must be what it was there', async () => {
    const path = write('named.js', importer('named'));
    await loadReferences([{ path, sha256: hashOf(importer('named')) }]);
    await assert.rejects(loadReferences([{ path, sha256: hashOf('before') }]), {
      code: 'EXTENSION_MISMATCH',
      message: `The extension ${path} has changed since the command began.`,
    });
  });
});

describe('requireExtensions()', () => {
  const defines = ['importer known'];
  it('names the one that is missing, or is another one now', async () => {
    const path = write('known.js', importer('known'));
    await loadExtensions([path]);
    const sha256 = hashOf(importer('known'));
    requireExtensions([{ name: 'moved.js', sha256, defines }], 'The run "a"');
    const other = { name: 'known.js', sha256: 'a'.repeat(64), defines };
    assert.throws(() => requireExtensions([other], 'The run "a"'), {
      code: 'EXTENSION_MISMATCH',
      message: `The run "a" was made with another version of the extension ${path}: SHA-256 aaaaaaaaaaaa… then, ${sha256.slice(0, 12)}… now.`,
    });
    const missing = { ...other, name: 'gone.ts', defines: ['model gone'] };
    assert.throws(() => requireExtensions([missing], 'The run "a"'), {
      code: 'EXTENSION_MISMATCH',
      message:
        'The run "a" needs the extension gone.ts (model gone; SHA-256 aaaaaaaaaaaa…), which is not given.',
      advice: 'Give its path: --extension path/to/gone.ts.',
    });
  });
});

describe('lockstep.config.ts', () => {
  it('names extensions relative to itself', async () => {
    write(
      'project/lockstep.config.ts',
      "import { defineConfig } from 'lockstep';\nexport default defineConfig({ extensions: ['./a.ts'] });\n",
    );
    assert.deepEqual(await configuredExtensions(join(folder, 'project')), [
      join(folder, 'project', 'a.ts'),
    ]);
    assert.deepEqual(await configuredExtensions(join(folder, 'typed')), []);
  });

  it('is not executed where another user may have written it', async (test) => {
    const path = write(
      'shared/lockstep.config.js',
      'globalThis.planted = true;\nexport default {};\n',
    );
    const folderOf = join(folder, 'shared');
    const refused = (whose: string) => ({
      code: 'EXTENSION_INVALID',
      message: `${path} is not executed: ${whose}.`,
    });
    chmodSync(path, 0o666);
    await assert.rejects(configuredExtensions(folderOf), refused('every user may write to it'));
    chmodSync(path, 0o644);
    if (process.geteuid?.() !== 0) return test.diagnostic('another owner needs root');
    chownSync(path, 12345, 0);
    await assert.rejects(configuredExtensions(folderOf), refused('it belongs to the user 12345'));
    chownSync(path, 0, 0);
    renameSync(path, `${path}.real`);
    symlinkSync(`${path}.real`, path);
    lchownSync(path, 12345, 0);
    await assert.rejects(configuredExtensions(folderOf), refused('it belongs to the user 12345'));
    assert.ok(!('planted' in globalThis));
  });

  it('is refused when it exports something else', async () => {
    write('wrong/lockstep.config.js', "export default { extension: ['./a.ts'] };\n");
    await assert.rejects(configuredExtensions(join(folder, 'wrong')), {
      code: 'EXTENSION_INVALID',
      message:
        /lockstep\.config\.js exports no usable configuration: default: Unrecognized key: "extension"\.$/,
    });
  });
});

const runScript = (script: string, path = '') =>
  spawnSync(process.execPath, ['--input-type=module', '-e', script, path], {
    encoding: 'utf8',
    timeout: deadline(30_000),
  });

describe('a module that never comes back', () => {
  for (const [what, text] of [
    ['ends the process', 'process.exit(0);'],
    ['waits for ever', 'await new Promise(() => {});'],
  ] as const) {
    it(`and ${what} ends the command with its name and a code, not well`, () => {
      const path = write(`${what.replaceAll(' ', '-')}.mjs`, text);
      const script = `const { loadExtensions } = await import('${LOAD}');
        loadExtensions([process.argv[1]]).then(() => console.log('loaded'));`;
      const { status, stderr, stdout } = runScript(script, path);
      assert.match(
        stderr,
        /^EXTENSION_INVALID: .*\.mjs: it ended the process while it was loaded/m,
      );
      assert.deepEqual([status, stdout], [2, '']);
    });
  }

  for (const [what, text] of [
    ['loops', 'for (;;);'],
    [
      'waits while something else goes on',
      'setInterval(() => {}, 100); await new Promise(() => {});',
    ],
  ] as const) {
    it(`and ${what} is named after a while, and ends a program of ours after a limit`, () => {
      const path = write(`${what.replaceAll(' ', '-')}.mjs`, text);
      const script = `const { loadExtensions } = await import('${LOAD}');
        const { guardFor } = await import('${GUARD}');
        const guard = (path) => guardFor(path, 100, 300);
        loadExtensions([process.argv[1]], guard).then(() => console.log('loaded'));`;
      const { status, stderr, stdout } = runScript(script, path);
      const [word, error] = stderr.split('\n');
      assert.match(word!, new RegExp(`^The extension ${path} has been loading for 0\\.1 s`));
      assert.match(error!, new RegExp(`^EXTENSION_INVALID: .*${path}: it has not returned after`));
      assert.deepEqual([status, stdout], [2, '']);
    });
  }

  it('is watched no longer than it loads', () => {
    const script = `const { guardFor } = await import('${GUARD}');
      guardFor('own.ts', 1000, 1000)();
      setTimeout(() => console.log('goes on'), 2000);`;
    const { status, stderr, stdout } = runScript(script);
    assert.deepEqual([status, stdout, stderr], [0, 'goes on\n', '']);
  });
});
