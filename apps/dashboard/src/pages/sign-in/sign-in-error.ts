import { ApiProblem } from '../../api/client.js';

export function signInError(error: Error): string {
  if (!(error instanceof ApiProblem)) return error.message;
  switch (error.problem.code) {
    case 'api-key-invalid':
    case 'api-key-missing':
      return 'This key does not work. Check that you copied all of it. If you did, it was revoked: ask for a new one.';
    case 'sign-in-code-invalid':
      return 'It was used already, or it is older than 15 minutes. Create a new one, or sign in with a key.';
    case 'role-not-allowed':
      return 'This is the key of a mail relay. Sign in with the key of an operator, an admin or an auditor.';
    case 'too-many-requests':
      return `Too many attempts from here. Try again in ${error.headers.get('retry-after') ?? 'some'} seconds.`;
    default:
      return error.message;
  }
}
