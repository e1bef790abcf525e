/** A table as Markdown: the head, then the rows. */
export function table([head, ...rows]: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head!), `|${head!.map(() => '---').join('|')}|`, ...rows.map(line)];
}
