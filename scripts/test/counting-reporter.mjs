const TOTAL = /^(pass|fail|cancelled) (\d+)$/;

/** A reporter for node:test that yields only the totals, as JSON; nothing when the run did not end. */
export default async function* countingReporter(events) {
  const totals = {};
  for await (const { type, data } of events) {
    const total =
      type === 'test:diagnostic' && data.nesting === 0 ? TOTAL.exec(data.message) : null;
    if (total) totals[total[1]] = Number(total[2]);
  }
  const { pass, fail, cancelled } = totals;
  if (pass !== undefined) yield JSON.stringify({ passed: pass, failed: fail + cancelled });
}
