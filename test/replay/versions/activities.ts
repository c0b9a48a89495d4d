/** What the workflow of the versions beside this file asks for. */
export interface VersionedActivities {
  pokeStaleWork(): Promise<void>;
  countParked(): Promise<void>;
}
