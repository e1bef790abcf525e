/** Says what it was started with: a process its arguments, a thread its data. */
import { parentPort, workerData } from 'node:worker_threads';

if (parentPort === null) console.log(JSON.stringify(process.argv.slice(2)));
else parentPort.postMessage(workerData);
