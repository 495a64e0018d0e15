import type { Readable } from 'node:stream';
import { boundedLines } from '../listen/bounded-lines.js';

const MAX_LINE_BYTES = 16_384;
const MAX_ATTRIBUTES = 200;

export interface PolicyRequest {
  /** Empty without SMTP AUTH. */
  readonly username: string;
  /** `unknown` or empty if Postfix has none. */
  readonly ip: string;
}

class NotAPolicyRequest extends Error {
  override readonly name = 'NotAPolicyRequest';
}

/** Lines `name=value`, then an empty line (SMTPD_POLICY_README). @throws `NotAPolicyRequest`, `LineTooLong`. */
export async function* readRequests(stream: Readable): AsyncGenerator<PolicyRequest, void, undefined> {
  let attributes = new Map<string, string>();
  for await (const lines of boundedLines(stream, MAX_LINE_BYTES)) {
    for (const line of lines) {
      if (line === '') {
        yield requestOf(attributes);
        attributes = new Map();
      } else addAttribute(attributes, line);
    }
  }
}

function addAttribute(attributes: Map<string, string>, line: string): void {
  const equals = line.indexOf('=');
  if (equals < 1) throw new NotAPolicyRequest('A line is not name=value.');
  const name = line.slice(0, equals);
  if (attributes.has(name)) throw new NotAPolicyRequest(`The attribute ${printable(name)} is repeated.`);
  if (attributes.size >= MAX_ATTRIBUTES)
    throw new NotAPolicyRequest(`A request has more than ${MAX_ATTRIBUTES} attributes.`);
  attributes.set(name, line.slice(equals + 1));
}

function requestOf(attributes: ReadonlyMap<string, string>): PolicyRequest {
  if (attributes.get('request') !== 'smtpd_access_policy')
    throw new NotAPolicyRequest('A request is not smtpd_access_policy.');
  return { username: attributes.get('sasl_username') ?? '', ip: attributes.get('client_address') ?? '' };
}

function printable(name: string): string {
  return name.slice(0, 40).replace(/[^\x21-\x7e]/g, '?');
}
