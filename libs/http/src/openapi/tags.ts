/** The chapters of the document, in its order. */
export const TAGS = {
  Tenants: 'Customer accounts. A tenant owns SMTP users and API keys, and sees nothing of any other.',
  'API keys': 'Who may ask for what. The text of a key is shown once.',
  'SMTP users': 'The credentials whose logins are restricted. Postern never holds their passwords.',
  Restrictions: 'The source addresses from which an SMTP user may log in.',
  'Audit trail': 'Who was denied, from where and why; who changed what.',
  Relays: 'For mail relays: the policies to decide by, and the denials to report.',
  Yourself: 'What helps whoever sets up a restriction.',
  Operation: 'Health, metrics and this document.',
} as const;
export type Tag = keyof typeof TAGS;
