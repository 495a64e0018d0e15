import type { FindMistake } from './mistake.js';

export const missing: FindMistake = (text) => (text === '' ? { detail: 'nothing was given.', meant: [] } : null);

/** Full-width digits, no-break and zero-width spaces: they come with a paste and cannot be seen. */
export const foreignCharacters: FindMistake = (text) => {
  if (/^[\t\n\r\x20-\x7e]*$/.test(text)) return null;
  const plain = text.normalize('NFKC').replace(/[\p{Cf}\p{Cc}\p{Zs}]/gu, ' ');
  const meant = [plain.trim(), plain.replaceAll(' ', '')].filter((meant) => /^[\x20-\x7e]+$/.test(meant));
  return { detail: 'only plain ASCII digits, letters and signs are accepted.', meant };
};

export const severalAtOnce: FindMistake = (text) =>
  /[,;]/.test(text) ? { detail: 'one address or range at a time, without a comma or semicolon.', meant: [] } : null;

export const whiteSpace: FindMistake = (text) => {
  if (!/\s/.test(text)) return null;
  const meant = text.trim().replace(/\s*\/\s*/, '/');
  // `203.0.113.0 255.255.255.0`, as routers write it
  const networkAndMask = meant.replace(/\s+(?=255\.)/, '/');
  return { detail: 'white space is not accepted.', meant: [networkAndMask].filter((meant) => !/\s/.test(meant)) };
};
