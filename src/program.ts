/** Runs until `work` ends; the first SIGINT or SIGTERM calls `stop`, which must let `work` come to its end. */
export async function runProgram<T>({ work, stop }: { work: Promise<T>; stop(): void }): Promise<T> {
  const onSignal = () => stop();
  process.once('SIGINT', onSignal).once('SIGTERM', onSignal);
  try {
    return await work;
  } finally {
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
  }
}
