import { describe, expect, it } from '@jest/globals';
import { allowChoices } from './allow-choices.js';
import type { DeniedIp } from './words.js';

const denied = (ip: string, more: Partial<DeniedIp> = {}) =>
  ({ ip, looksLikeProxy: false, suggestedEntries: [], ...more }) as unknown as DeniedIp;

describe('what is offered for a denied address', () => {
  it('is itself, itself for a day, and its network with the denied neighbours that it covers', () => {
    expect(allowChoices('198.51.100.7', [denied('198.51.100.7'), denied('198.51.100.9'), denied('192.0.2.1')])).toEqual(
      [
        { range: '198.51.100.7', forOneDay: false, detail: 'only this address' },
        { range: '198.51.100.7', forOneDay: true, detail: 'then it is refused again' },
        { range: '198.51.100.0/24', forOneDay: false, detail: '256 addresses, 2 addresses in it were denied' },
      ],
    );
  });

  it('uses the API’s count of the neighbours, which sees more than one page, and offers what the API suggests', () => {
    const suggestedEntries = [
      { range: '2001:db8::9', why: 'The address itself.', covers: 1 },
      { range: '2001:db8::/64', why: 'That network.', covers: 40 },
      { range: '198.51.100.7', why: 'Denied about the same time.', covers: 1 },
    ];
    const choices = allowChoices('2001:db8::9', [denied('2001:db8::9', { suggestedEntries })]);
    expect(choices.slice(2)).toEqual([
      { range: '2001:db8::/64', forOneDay: false, detail: 'one /64, 40 addresses in it were denied' },
      { range: '198.51.100.7', forOneDay: false, detail: 'Denied about the same time.' },
    ]);
  });

  it('says where the network covers no other', () => {
    expect(allowChoices('192.0.2.1', []).at(-1)).toMatchObject({
      detail: '256 addresses, no other address in it was denied',
    });
  });

  it('says nothing of neighbours that are not loaded yet', () => {
    expect(allowChoices('192.0.2.1', undefined).at(-1)).toMatchObject({ detail: '256 addresses' });
  });

  it('is nothing for the platform’s own proxy, and no network that has it in it', () => {
    const all = [denied('10.0.0.1', { looksLikeProxy: true }), denied('10.0.0.2')];
    expect(allowChoices('10.0.0.1', all)).toBe('looks-like-proxy');
    expect(allowChoices('10.0.0.2', all)).toHaveLength(2);
  });

  it('is nothing for what is not an address', () => expect(allowChoices('localhost', [])).toEqual([]));
});
