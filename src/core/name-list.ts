/** A list of names in a message: the first of them, and how many more there are. */
export function listNames(names: readonly string[], most = 10): string {
  if (names.length <= most + 1) return names.join(', ');
  return `${names.slice(0, most).join(', ')}, … and ${names.length - most} more`;
}
