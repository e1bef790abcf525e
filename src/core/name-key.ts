/** FNV-1a, 32 bits: keys a random stream by a layer's or parameter's name, so that others don't shift it. */
export function nameKey(name: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(name)) {
    hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  }
  return hash;
}
