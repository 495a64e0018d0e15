import { isUsername } from '@postern/contracts';
import { fieldCode } from '@postern/http';
import { z } from 'zod';

/** A username in a body. */
export const usernameSchema = z
  .string()
  .refine(
    isUsername,
    fieldCode('username-invalid', 'A username is 1 to 254 printable ASCII characters without white space.'),
  )
  .meta({ minLength: 1, maxLength: 254, pattern: '^[!-~]+$', examples: ['app@acme.example'] });
