import { sharedFloats } from './host-memory.ts';
import type { Transport } from './transport.ts';

/** What a transport says of memory when its peers share none: numbers travel in frames. */
export abstract class UnsharedMemory
  implements Pick<Transport, 'hasPeersHere' | 'memory' | 'placeOf' | 'at' | 'forgetMemory'>
{
  readonly hasPeersHere = false;

  memory(floats: number): Float32Array {
    return sharedFloats(floats);
  }

  placeOf(): null {
    return null;
  }

  at(): null {
    return null;
  }

  forgetMemory(): void {}
}
