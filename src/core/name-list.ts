const LONGEST_NAME = 60;

/** A list of names in a message: the first of them, and how many more there are. Long names lose their ends. */
export function listNames(names: readonly string[], most = 10): string {
  if (names.length <= most + 1) return names.map(shortened).join(', ');
  return `${names.slice(0, most).map(shortened).join(', ')}, … and ${names.length - most} more`;
}

const shortened = (name: string): string =>
  name.length <= LONGEST_NAME ? name : `${name.slice(0, LONGEST_NAME - 1)}…`;
