import { describe, expect, it } from '@jest/globals';
import { ownerUrlOf } from './session.js';
import { roleUrl } from './roles.js';
import { scramVerifier } from './ensure-roles.js';

describe('the owner’s connection URL', () => {
  it.each(['postgresql://owner@host/db', 'postgresql://host/db', 'https://a:b@host/db', 'nonsense'])(
    'is refused with the name of the setting: %s',
    (text) => {
      expect(() => ownerUrlOf(text)).toThrow('POSTERN_DATABASE_URL');
    },
  );

  it('becomes a role’s URL whose password follows from the owner’s, and keeps the rest', () => {
    const url = new URL(roleUrl('postgresql://owner:s%40cret@db.example:6432/postern?sslmode=require', 'postern_feed'));
    expect(url.username).toBe('postern_feed');
    expect(url.password).toMatch(/^[\w-]{43}$/);
    expect(`${url.host}${url.pathname}${url.search}`).toBe('db.example:6432/postern?sslmode=require');
    expect(roleUrl('postgresql://owner:other@h/d', 'postern_feed')).not.toContain(url.password);
  });
});

describe('the SCRAM verifier', () => {
  it('gives the keys of the exchange in RFC 7677, section 3', () => {
    // The RFC's password "pencil" and salt; StoredKey and ServerKey follow from RFC 5802, section 3.
    const verifier = scramVerifier('pencil', Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64'));
    expect(verifier).toBe(
      'SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=',
    );
  });
});
