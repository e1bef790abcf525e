/** One rank of the all-reduce that `bench collective` times. Arguments: RANK WORLD_SIZE FOLDER; one request a line. */
import { hostIdentity } from '../collective/transport/host-identity.ts';
import { openTransport } from '../collective/transport/open-transport.ts';
import { ipcEndpoint } from '../protocol/private-folder.ts';
import { reduceOnRequest } from './reduce-on-request.ts';

const [rank, worldSize] = process.argv.slice(2, 4).map(Number) as [number, number];
const folder = process.argv[4]!;
const endpointOf = (other: number) => ipcEndpoint(folder, `worker-${other}.sock`);

const host = hostIdentity();
const transport = openTransport(
  { address: endpointOf(rank), keys: null, onRefused: () => {} },
  host,
);
await transport.bind();
const others = Array.from({ length: worldSize }, (_, other) => other).filter(
  (other) => other !== rank,
);
await transport.connect(
  others.map((other) => ({ rank: other, endpoint: endpointOf(other), host })),
);
await reduceOnRequest(transport, { rank, worldSize, run: folder });
