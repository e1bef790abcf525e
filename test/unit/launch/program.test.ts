import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { programCommand, startProgram, startThread } from '../../../src/launch/program.ts';

const ECHO = new URL('./echo.ts', import.meta.url);
const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

describe('programs of ours', () => {
  it('run as a process, with arguments', async () => {
    const child = startProgram(ECHO, ['a', 'b'], { stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    child.stdout!.on('data', (chunk) => {
      output += String(chunk);
    });
    const [code] = await once(child, 'close');
    assert.deepEqual([code, output], [0, '["a","b"]\n']);
  });

  it('run as a thread, with data', async () => {
    const thread = startThread(ECHO, { said: 3 });
    assert.deepEqual(await once(thread, 'message'), [{ said: 3 }]);
    await thread.terminate();
  });

  it('start from the build without a compiler when they run from it', async () => {
    const built = (await import(join(ROOT, 'dist/launch/program.js'))) as {
      programCommand: typeof programCommand;
    };
    const [, ...argv] = built.programCommand(new URL('file:///package/dist/worker/main.ts'));
    assert.deepEqual(argv, ['/package/dist/worker/main.js']);
    assert.equal(programCommand(ECHO).at(-1), fileURLToPath(ECHO));
  });

  it('are started nowhere else', () => {
    const sources = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' });
    const others = sources
      .filter((path) => path.endsWith('.ts') && path !== 'launch/program.ts')
      .filter((path) => /\btsx\b|new Worker\(/.test(readFileSync(join(ROOT, 'src', path), 'utf8')));
    assert.deepEqual(others, []);
  });
});
