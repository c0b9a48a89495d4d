import type { LoginDue } from '../contracts/login-due';

/** Ends an activity before it has done anything, with {@link LoginDue} as its answer; thrown where a connection is opened. */
export class CallNotMade extends Error {
  override readonly name = 'CallNotMade';

  constructor(readonly loginDue: LoginDue['loginDue']) {
    super(loginDue.reason);
  }
}
