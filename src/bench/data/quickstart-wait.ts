/** How long the quickstart's workers wait for data: its first phase, shortened. */
import { join } from 'node:path';
import { loadRunConfig } from '../../run/config.ts';
import { buildQuickstartData } from '../../workflow/quickstart/data.ts';
import { QUICKSTART_WORKERS, quickstartConfig } from '../../workflow/quickstart/quickstart.ts';
import { timeRun } from './pipeline-bench.ts';

const WARM_UP = 5;

/** Share of the time between steps in which its workers wait for data. */
export async function quickstartWait(root: string, steps: number): Promise<number> {
  const store = join(root, 'quickstart-data');
  await buildQuickstartData(store);
  const duration = [`phases.0.duration={steps: ${WARM_UP + steps}}`];
  const config = loadRunConfig(quickstartConfig(), [`data.store=${store}`, ...duration]);
  const { evaluation: _, ...phase } = config.phases[0]!;
  const learningRate = { kind: 'constant', value: 1e-3 } as const;
  const { waiting } = await timeRun(
    join(root, 'quickstart'),
    { ...config, phases: [{ ...phase, learningRate }] },
    { workers: QUICKSTART_WORKERS, warmUp: WARM_UP },
  );
  return waiting;
}
