/**
 * What a call answers that was not made, because the connection has no token yet or one that is known to die too soon: first comes a
 * login, which is no failure of anybody's and shows as none.
 */
export interface LoginDue {
  loginDue: {
    /** Of the token that cannot be used. */
    tokenGeneration: number;
    /** Why it cannot, for the reader of the history. */
    reason: string;
    /** How often the channel itself failed in this activity before. Absent: never. */
    channelFailures?: number;
  };
}

export const isLoginDue = (answer: unknown): answer is LoginDue =>
  typeof answer === 'object' && answer !== null && 'loginDue' in answer;
