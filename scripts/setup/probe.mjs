import { join } from 'node:path';
import { runLogged } from './command.mjs';
import { EXIT, SetupFailure } from './failure.mjs';
import { noteTool } from './lock.mjs';
import { ROOT, SETUP, shown } from './paths.mjs';

const EXPECTED_PRODUCT = '[19,22,43,50]';

/**
 * Multiplies two matrices in a process of its own.
 * @returns {Promise<{ tensorflow: string, device: 'cpu' | 'cuda' }>} what answered
 */
export async function probeEngine() {
  const result = await runLogged({
    name: 'probe',
    command: [process.execPath, join(SETUP, 'probe.cjs')],
    cwd: ROOT,
    env: {
      ...process.env,
      TF_ENABLE_ONEDNN_OPTS: '1',
      TF_CPP_MIN_LOG_LEVEL: '2',
      TF_FORCE_GPU_ALLOW_GROWTH: 'true',
    },
    started: noteTool,
  });
  const answer = /^\{"product".*\}$/m.exec(result.log)?.[0];
  const { product, tensorflow, device } = answer ? JSON.parse(answer) : {};
  if (result.ok && JSON.stringify(product) === EXPECTED_PRODUCT) return { tensorflow, device };
  const reason = /Error: (.+)$/m.exec(result.log)?.[1];
  throw new SetupFailure(
    `TensorFlow was installed but does not compute on this machine${reason ? ` (${reason})` : ''}: see ${shown(result.logPath)}; deleting .engine and running the command again builds it anew.`,
    EXIT.resources,
  );
}
