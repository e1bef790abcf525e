import { appendFileSync, writeFileSync } from 'node:fs';

/** Writes a line of JSON for each test and suite that ends, with its duration in milliseconds, into a new file. */
export function recordTimes(events, path) {
  writeFileSync(path, '');
  for (const event of ['test:pass', 'test:fail']) {
    events.on(event, ({ name, nesting, file, details }) => {
      const line = { event, name, nesting, file, ms: details.duration_ms, kind: details.type };
      appendFileSync(path, `${JSON.stringify(line)}\n`);
    });
  }
}
