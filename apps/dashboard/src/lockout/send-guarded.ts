import { ApiProblem } from '../api/client.js';
import { sharedValue } from '../shared-value.js';

export interface LockoutRisk {
  /** The newest hundred. */
  readonly addresses: readonly { readonly ip: string; readonly logins: number; readonly lastSeenAt: string }[];
  readonly refusedAddresses: number;
  readonly accept: string;
}
interface Question {
  readonly risk: LockoutRisk;
  readonly answer: (goOn: boolean) => void;
}

/** One question at a time: the dialog is modal. */
export const lockoutQuestion = sharedValue<Question | null>(null);

function ask(risk: LockoutRisk): Promise<boolean> {
  return new Promise((resolve) => {
    lockoutQuestion.set({ risk, answer: (goOn) => (lockoutQuestion.set(null), resolve(goOn)) });
  });
}

/**
 * Sends a change of a restriction with the guard. If it would refuse addresses that logged in during the last 7 days, it asks the person, and then
 * sends the change again, accepting exactly these addresses.
 * @throws `ApiProblem` `lockout-risk` if the person says no
 */
export async function sendGuarded<Answer>(
  send: (header: { readonly 'Postern-Guard': string }) => Promise<Answer>,
): Promise<Answer> {
  for (let guard = 'lockout'; ;) {
    try {
      return await send({ 'Postern-Guard': guard });
    } catch (error) {
      if (!(error instanceof ApiProblem) || error.problem.code !== 'lockout-risk') throw error;
      const risk = error.problem as unknown as LockoutRisk;
      if (!(await ask(risk))) throw error;
      guard = `lockout; accept="${risk.accept}"`;
    }
  }
}
