/** Bytes of sources that this process has read, for estimates of how long an import takes. */
let total = 0;

export const bytesRead = (): number => total;

/** The same chunks, counted. */
export async function* countBytes(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void> {
  for await (const chunk of chunks) {
    total += chunk.length;
    yield chunk;
  }
}

export function addBytesRead(sizeBytes: number): void {
  total += sizeBytes;
}
