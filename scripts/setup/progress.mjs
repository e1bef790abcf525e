const INTERVAL_ON_TERMINAL_MS = 250;
const INTERVAL_IN_LOG_MS = 5000;

/** Writes one line for a person. */
export function say(line) {
  process.stdout.write(`${line}\n`);
}

/**
 * Shows `describe()` until the returned function is called: one line rewritten in place on a terminal,
 * a new line every few seconds elsewhere.
 */
export function showProgress(describe) {
  const onTerminal = process.stdout.isTTY;
  const show = onTerminal
    ? () => process.stdout.write(`\r\x1b[K      ${describe()}`)
    : () => say(`      ${describe()}`);
  const timer = setInterval(show, onTerminal ? INTERVAL_ON_TERMINAL_MS : INTERVAL_IN_LOG_MS);
  return () => {
    clearInterval(timer);
    if (onTerminal) process.stdout.write('\r\x1b[K');
  };
}

/** Bytes as people read them, in powers of ten as package indexes count. */
export function megabytes(bytes) {
  return bytes < 1e9 ? `${Math.round(bytes / 1e6)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
}

export function secondsSince(startMs) {
  return `${Math.round((Date.now() - startMs) / 1000)} s`;
}
