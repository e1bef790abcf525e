import { join } from 'node:path';
import { runLogged } from './command.mjs';
import { EXIT, SetupFailure } from './failure.mjs';
import { noteTool } from './lock.mjs';
import { ROOT, SETUP, shown } from './paths.mjs';

const EXPECTED_PRODUCT = '[19,22,43,50]';

/**
 * The same with the portable engine.
 * @returns {Promise<{ tfjs: string }>} what answered
 */
export async function probePortableEngine() {
  const { result, product, answer } = await runProbe('probe-portable', {});
  if (result.ok && JSON.stringify(product) === EXPECTED_PRODUCT) return { tfjs: answer.tfjs };
  throw new SetupFailure(
    `The portable engine does not compute on this machine: see ${shown(result.logPath)}; deleting node_modules and running the command again installs it anew.`,
    EXIT.resources,
  );
}

/** Runs NAME.cjs in a process of its own and reads what it printed. */
async function runProbe(name, env) {
  const result = await runLogged({
    name,
    command: [process.execPath, join(SETUP, `${name}.cjs`)],
    cwd: ROOT,
    env: { ...process.env, ...env },
    started: noteTool,
  });
  const text = /^\{"product".*\}$/m.exec(result.log)?.[0];
  const answer = text ? JSON.parse(text) : {};
  return { result, product: answer.product, answer };
}

/**
 * Multiplies two matrices in a process of its own.
 * @returns {Promise<{ tensorflow: string, device: 'cpu' | 'cuda' }>} what answered
 */
export async function probeEngine() {
  const { result, product, answer } = await runProbe('probe', {
    TF_ENABLE_ONEDNN_OPTS: '1',
    TF_CPP_MIN_LOG_LEVEL: '2',
    TF_FORCE_GPU_ALLOW_GROWTH: 'true',
  });
  const { tensorflow, device } = answer;
  if (result.ok && JSON.stringify(product) === EXPECTED_PRODUCT) return { tensorflow, device };
  const reason = /Error: (.+)$/m.exec(result.log)?.[1];
  throw new SetupFailure(
    `TensorFlow was installed but does not compute on this machine${reason ? ` (${reason})` : ''}: see ${shown(result.logPath)}; deleting .engine and running the command again builds it anew.`,
    EXIT.resources,
  );
}
