/** Entry of the comm thread, see comm-service.ts; started by comm-client.ts. */
import { parentPort, workerData } from 'node:worker_threads';
import type { ThreadOptions, ToThread } from './comm-call.ts';
import { CommService } from './comm-service.ts';

const port = parentPort!;
const options = workerData as ThreadOptions;
const service = new CommService(options, (message) => port.postMessage(message));

async function close(): Promise<void> {
  await service.close();
  const closed = new Int32Array(options.closed);
  Atomics.store(closed, 0, 1);
  Atomics.notify(closed, 0);
  // Without a listener on its port, sockets and timers the thread ends by itself.
  port.close();
}

port.on('message', (message: ToThread) => {
  if (message.kind !== 'close') service.handle(message);
  else void close();
});
