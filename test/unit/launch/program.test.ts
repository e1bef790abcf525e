import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { type programCommand, startProgram, startThread } from '../../../src/launch/program.ts';
import { CLONE } from '../../helper/clone.ts';

const ECHO = new URL('./echo.ts', import.meta.url);

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
    const built = (await import(join(CLONE, 'dist/launch/program.js'))) as {
      programCommand: typeof programCommand;
    };
    const [, ...argv] = built.programCommand(new URL('file:///package/dist/worker/main.ts'));
    assert.equal(argv.at(-1), '/package/dist/worker/main.js');
    assert(!argv.some((word) => word.includes('tsx')));
    const source = pathToFileURL(join(CLONE, 'src/launch/program.ts'));
    const script = `import { programCommand } from '${source}'; console.log(programCommand(new URL('${ECHO}')).at(-1))`;
    const options = [
      '--import',
      import.meta.resolve('tsx'),
      '--input-type=module',
      '--eval',
      script,
    ];
    const printed = execFileSync(process.execPath, options, { encoding: 'utf8' });
    assert.equal(printed.trimEnd(), fileURLToPath(ECHO));
  });

  it('are started nowhere else', () => {
    const sources = readdirSync(join(CLONE, 'src'), { recursive: true, encoding: 'utf8' });
    const others = sources
      .filter((path) => path.endsWith('.ts') && path !== 'launch/program.ts')
      .filter((path) =>
        /\btsx\b|new Worker\(/.test(readFileSync(join(CLONE, 'src', path), 'utf8')),
      );
    assert.deepEqual(others, []);
  });
});
