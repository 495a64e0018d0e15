/** What a relay's operator should hear of. None of it stops the relay from deciding. */
export type ProblemCode =
  | 'control-plane-unreachable'
  /** Somebody else answers at its URL: a proxy, a login page. */
  | 'answer-unexpected'
  | 'key-refused'
  | 'policy-unreadable'
  | 'snapshot-refused'
  | 'digest-mismatch'
  | 'last-known-good-unusable'
  | 'denials-not-accepted'
  | 'denial-dropped'
  | 'denial-rejected';

export interface RelayProblem {
  readonly code: ProblemCode;
  /** One sentence for a log. */
  readonly detail: string;
}

export type OnProblem = (problem: RelayProblem) => void;

/** A callback that can't take the client down: what it throws is its own matter. */
export function guarded(onProblem: OnProblem | undefined): OnProblem {
  return (problem) => {
    try {
      onProblem?.(problem);
    } catch {
      // The relay goes on deciding, whatever becomes of its log.
    }
  };
}
