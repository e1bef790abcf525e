/** The pages of the documentation, and their commands. */
import { execFile } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { CLONE } from './clone.ts';

export const PAGES = [
  'README.md',
  'src/README.md',
  'src/protocol/GUARANTEES.md',
  'test/parity/README.md',
  ...readdirSync(join(CLONE, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];

export const readPage = (page: string): string => readFileSync(join(CLONE, page), 'utf8');

/** The lines of a page's blocks of commands. */
export function commandsOf(page: string): readonly string[] {
  return [...readPage(page).matchAll(/^```sh\n([\s\S]*?)^```$/gm)]
    .flatMap((match) => match[1]!.split('\n'))
    .filter((line) => line !== '');
}

/** Commands that need not run again: what they made is there, and what they say is the same. */
const LASTS = /^\.\/bin\/lockstep\.js (data|debug|train|evaluate) /;

/** A reader of several pages, in a temporary folder that looks like the clone to commands but keeps what they write. */
export class Reader {
  readonly #folder = mkdtempSync(join(tmpdir(), 'lockstep-docs-'));
  readonly #done = new Set<string>();

  constructor() {
    for (const name of ['bin', 'configs', 'examples', 'launcher', 'src']) {
      symlinkSync(join(CLONE, name), join(this.#folder, name));
    }
    const shims = join(this.#folder, 'bin-of-test');
    mkdirSync(shims);
    const npx = `#!/bin/sh\n[ "$1" = lockstep ] || exit 64\nshift\nexec node "${CLONE}/bin/lockstep.js" "$@"\n`;
    writeFileSync(join(shims, 'npx'), npx);
    chmodSync(join(shims, 'npx'), 0o755);
  }

  /** Runs a page's commands one after the other; rejects when one fails. What earlier pages made serves this one. */
  async run(page: string): Promise<void> {
    const lines = commandsOf(page);
    const script = lines.filter((line) => !(LASTS.test(line) && this.#done.has(line))).join('\n');
    await promisify(execFile)('bash', ['-euo', 'pipefail', '-c', script], {
      cwd: this.#folder,
      env: { ...process.env, PATH: `${join(this.#folder, 'bin-of-test')}:${process.env.PATH}` },
    });
    for (const line of lines) this.#done.add(line);
  }

  close(): void {
    rmSync(this.#folder, { recursive: true });
  }
}
