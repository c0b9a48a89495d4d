/** `too_large`: over a limit of size or rows. `unreadable`: what it holds is no file of stock. */
export type FileFaultKind = 'too_large' | 'unreadable';

/**
 * A file that cannot be taken as a whole. The message is for whoever holds the file and may quote it; `unquoted` says the
 * same without a word of the file, for where nobody knows whose words those are.
 */
export class FileFault extends Error {
  override readonly name = 'FileFault';
  constructor(
    readonly kind: FileFaultKind,
    readonly unquoted: string,
    /** What stood in the file, put behind the sentence. */
    quote = '',
  ) {
    super(`${unquoted}${quote}`);
  }
}
