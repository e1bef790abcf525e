/**
 * Watches which tests begin and end.
 * @returns {() => string[]} a line for each test that has begun and not ended: what a process hung in
 */
export function unfinishedTests(events) {
  const running = new Map();
  const keyOf = ({ file, nesting, name }) => `${file}:${nesting}:${name}`;
  events.on('test:dequeue', (test) => {
    if (test.name !== test.file) running.set(keyOf(test), test);
  });
  for (const ended of ['test:pass', 'test:fail'])
    events.on(ended, (test) => running.delete(keyOf(test)));
  return () =>
    [...running.values()].map(({ file, name }) => `Had begun and not ended: "${name}" in ${file}`);
}
