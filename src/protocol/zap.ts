/**
 * Whom a CURVE socket lets in: ZeroMQ asks a handler inside the process for each connection (ZAP,
 * rfc.zeromq.org/spec/27). Pure: a request's frames in, the answer's frames out.
 */

/** Asked for by this name; an answer counts only together with `zapEnforceDomain`. */
export const ZAP_DOMAIN = 'lockstep';
export const ZAP_ENDPOINT = 'inproc://zeromq.zap.01';

export interface ZapDecision {
  readonly answer: Buffer[];
  readonly isAdmitted: boolean;
  /** Address from which the peer connects, as far as the request says. */
  readonly address: string;
}

const VERSION = '1.0';
const MAX_ID_BYTES = 255;
const KEY_BYTES = 32;

/**
 * Admits (200) exactly the peers whose CURVE key is one of `keys` (`keyBytes` in hex); all else, malformed
 * requests included, is refused (400). Never throws.
 */
export function decideZap(
  [version, id, domain, address, _identity, mechanism, ...credentials]: readonly Buffer[],
  keys: ReadonlySet<string>,
): ZapDecision {
  const [key] = credentials;
  const isAdmitted =
    version?.toString() === VERSION &&
    id !== undefined &&
    id.length <= MAX_ID_BYTES &&
    domain?.toString() === ZAP_DOMAIN &&
    mechanism?.toString() === 'CURVE' &&
    credentials.length === 1 &&
    key?.length === KEY_BYTES &&
    keys.has(key.toString('hex'));
  const [status, text] = isAdmitted ? ['200', 'OK'] : ['400', 'not a key of this run'];
  return {
    answer: [
      Buffer.from(VERSION),
      id?.subarray(0, MAX_ID_BYTES) ?? Buffer.alloc(0),
      ...[status, text, '', ''].map((part) => Buffer.from(part)),
    ],
    isAdmitted,
    address: plainAddress(address),
  };
}

/** Only what an IP address consists of: it goes into a log. */
function plainAddress(address: Buffer | undefined): string {
  const text = address?.toString('latin1', 0, 64).replace(/[^0-9a-fA-F.:%]/g, '') ?? '';
  return text === '' ? 'unknown' : text;
}

const Z85 = '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#';

/** The 32 bytes of a key in Z85 (rfc.zeromq.org/spec/32), as hex: requests carry them raw. */
export function keyBytes(key: string): string {
  const bytes = Buffer.alloc((key.length / 5) * 4);
  for (let i = 0; i < key.length; i += 5) {
    const digits = [...key.slice(i, i + 5)];
    bytes.writeUInt32BE(
      digits.reduce((sum, digit) => 85 * sum + Z85.indexOf(digit), 0),
      (i / 5) * 4,
    );
  }
  return bytes.toString('hex');
}

/** 32 bytes of a key in Z85. */
export function z85(bytes: Buffer): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += 4) {
    let value = bytes.readUInt32BE(at);
    let digits = '';
    for (let i = 0; i < 5; i++) {
      digits = Z85[value % 85] + digits;
      value = Math.floor(value / 85);
    }
    text += digits;
  }
  return text;
}
