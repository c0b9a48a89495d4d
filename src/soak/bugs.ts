import type { Bug } from './bug';
import { CHANNEL_BUGS } from './channel-bugs';
import { OWN_BUGS } from './own-bugs';

/** The faults that the soak is proven with. */
export const BUGS: readonly Bug[] = [...OWN_BUGS, ...CHANNEL_BUGS];
