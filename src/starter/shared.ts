/** The call, made once for all who ask the same while it is under way. */
export function shared<T, Args extends readonly [] | readonly [string]>(
  call: (...args: Args) => Promise<T>,
): (...args: Args) => Promise<T> {
  const underWay = new Map<string | undefined, Promise<T>>();
  return (...args) => {
    const [about] = args;
    const known = underWay.get(about);
    if (known) return known;
    const fresh = call(...args).finally(() => underWay.delete(about));
    underWay.set(about, fresh);
    return fresh;
  };
}
