/** Counts those that wait, so that not more than so many do. */
export function createWaitingRoom(places: number) {
  let taken = 0;
  return {
    hasPlace: (): boolean => taken < places,
    /** Keeps a place until the work has ended. */
    async keep<T>(work: Promise<T>): Promise<T> {
      taken += 1;
      try {
        return await work;
      } finally {
        taken -= 1;
      }
    },
  };
}
