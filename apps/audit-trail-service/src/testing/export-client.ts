import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';

/** For tests: a GET whose answer is not read before `readRest`. */
export async function askForExport(url: string, key: string, accept: string): Promise<IncomingMessage> {
  const request = get(url, { headers: { authorization: `Bearer ${key}`, accept }, agent: false });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  // A cut connection is reported as an error; the tests look at `whole`.
  response.on('error', () => undefined);
  request.on('error', () => undefined);
  return response;
}

/** The text of an answer up to its end, and whether it came to one or was cut off. */
export async function readRest(response: IncomingMessage): Promise<{ text: string; whole: boolean }> {
  const closed = new Promise((done) => response.once('close', done));
  const chunks: Buffer[] = [];
  response.on('data', (chunk: Buffer) => chunks.push(chunk));
  await closed;
  return { text: Buffer.concat(chunks).toString(), whole: response.complete };
}

export function linesOf<Item>(text: string): Item[] {
  const lines = text.split('\n');
  if (lines.pop() !== '') throw new Error('The last line has no end.');
  return lines.map((line) => JSON.parse(line) as Item);
}
