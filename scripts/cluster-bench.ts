/**
 * What needs several hosts, on two made-up ones with a cable of a chosen speed between them:
 *
 *   npm run bench:cluster -- all-reduce --mbit 1000 --peer PYTHON    our all-reduce beside gloo's; 0: without a cable
 *   npm run bench:cluster -- steps --mbit 100,300,1000               steps of runs beside their forecast
 *
 * Made-up hosts need Linux, the right to make namespaces, /dev/net/tun and a C compiler; without them it says so.
 */
import { parseArgs } from 'node:util';
import { whyNoCables } from '../test/helper/cables.ts';
import { whyNoHosts } from '../test/helper/made-up-hosts.ts';
import { benchAllReduce } from './cluster-bench/all-reduce.ts';
import { benchSteps, SIZED_MODELS } from './cluster-bench/steps.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    mbit: { type: 'string', default: '100,300,1000' },
    'delay-ms': { type: 'string', default: '1' },
    workers: { type: 'string', default: '1,2' },
    bytes: { type: 'string', default: '40000000' },
    rounds: { type: 'string', default: '5' },
    steps: { type: 'string', default: '20' },
    'micro-batches': { type: 'string', default: '4' },
    models: { type: 'string', default: '0,1,2' },
    peer: { type: 'string' },
  },
});

const numbers = (list: string): number[] => list.split(',').map(Number);
const missing = whyNoHosts() ?? whyNoCables();
const [what] = positionals;
if (missing !== undefined) {
  process.stdout.write(`Skipped: ${missing}.\n`);
} else if (what === 'all-reduce') {
  for (const megabitsPerSecond of numbers(values.mbit)) {
    for (const ranksPerHost of numbers(values.workers)) {
      const speed = megabitsPerSecond > 0 ? `${megabitsPerSecond} Mbit/s` : 'No cable';
      process.stdout.write(`${speed}, 2 hosts × ${ranksPerHost}:\n`);
      const cable = { megabitsPerSecond, delayMs: Number(values['delay-ms']) };
      await benchAllReduce({
        cable: megabitsPerSecond > 0 ? cable : null,
        ...{ ranksPerHost, bytes: Number(values.bytes), rounds: Number(values.rounds) },
        peer: values.peer,
      });
    }
  }
} else if (what === 'steps') {
  await benchSteps({
    models: numbers(values.models).map((at) => SIZED_MODELS[at]!),
    workersPerHost: numbers(values.workers),
    megabitsPerSecond: numbers(values.mbit),
    delayMs: Number(values['delay-ms']),
    microBatches: Number(values['micro-batches']),
    steps: Number(values.steps),
  });
} else {
  process.stderr.write('Say what to time: all-reduce or steps.\n');
  process.exitCode = 2;
}
