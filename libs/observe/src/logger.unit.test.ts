import { describe, expect, it } from '@jest/globals';
import { secretsRemover } from './logger.js';

const ID = 'pst_admin_01a20ae6-f24f-7793-ac66-e5da32839d9c';
const KEY = 'pst_admin_01a20ae6-f24f-7793-ac66-e5da32839d9c_53a54adaffffffffffffffff';
const remove = secretsRemover(['s3cret"quoted', 'postern', '']);

describe('a text that will be logged', () => {
  it.each([
    [`no key ${KEY} here`, 'no key pst_admin_01a20ae6-f24f-7793-ac66-e5da32839d9c_[taken out] here'],
    [`GET /v1/x?key=${KEY}&a=1`, 'GET /v1/x?key=pst_admin_01a20ae6-f24f-7793-ac66-e5da32839d9c_[taken out]&a=1'],
    [`${KEY.replaceAll('_', '%5F')}`, 'pst%5Fadmin%5F01a20ae6-f24f-7793-ac66-e5da32839d9c%5F[taken out]'],
    [`/v1/${KEY}${KEY}/${KEY}_${KEY}`, `/v1/${ID}_[taken out]/${ID}_[taken out]`],
    [`${KEY}%2C${KEY}%5F${KEY}`, `${ID}_[taken out]`],
    [`${KEY.replaceAll('_', '%255F')}x`, `${ID.replaceAll('_', '%255F')}%255F[taken out]`],
    ['Bearer%20eyJhbGciOi.J9.e30', 'Bearer%20[taken out]'],
    [
      `postern_session=01a20ae6-f24f-7793-ac66-e5da32839d9c.${'0a'.repeat(24)}; a=b`,
      'postern_session=01a20ae6-f24f-7793-ac66-e5da32839d9c.[taken out]; a=b',
    ],
    [`/sign-in#code=${'0a'.repeat(24)}`, '/sign-in#code=[taken out]'],
    ['pst_relay_1_abc', 'pst_relay_1_[taken out]'],
    ['Authorization: Basic dXNlcjpwYXNzd29yZA==', 'Authorization: Basic [taken out]'],
    ['Bearer eyJhbGciOi.J9.e30', 'Bearer [taken out]'],
    ['postgresql://owner:p%40ss@db:5432/x failed', 'postgresql://owner:[taken out]@db:5432/x failed'],
    [
      JSON.stringify({ stack: 'Error:\npostern (postern)' }),
      JSON.stringify({ stack: 'Error:\n[taken out] ([taken out])' }),
    ],
    [JSON.stringify({ msg: 'is s3cret"quoted it' }), '{"msg":"is [taken out] it"}'],
  ])('%s loses its secret', (text, clean) => expect(remove(text)).toBe(clean));

  it.each([
    'as postern_feed',
    'the postern-wake of myPostern',
    'http://127.0.0.1:8025/v1',
    'id 01a20ae6-f24f-7793',
    `x.${'0a'.repeat(32)}, commit=${'0a'.repeat(20)}`,
    'pst_ alone',
  ])('%s stays as it is', (text) => expect(remove(text)).toBe(text));
});
