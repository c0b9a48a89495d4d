import type { Load } from '../load';
import type { SoakConnection } from '../tenants';
import { checkAcceptedLines } from './accepted-lines';
import { checkCancels } from './cancels';
import { createFinding, type Finding } from './finding';
import { checkLogins } from './logins';
import type { Recorded } from './recorded';
import { checkRequests } from './requests';
import { checkResources } from './resources';
import { checkSecrets } from './secrets';
import { truthOf } from './truth';
import { checkVersions } from './versions';
import { checkVisibility } from './visibility';

/** I9. Histories replay with the code that ran. */
function checkReplay({ replay: { replayed, histories, diverged } }: Recorded): Finding {
  const finding = createFinding('I9', 'histories replay');
  for (const words of diverged) finding.violate(words);
  if (replayed === 0) finding.violate('no history was replayed');
  return finding.done({ replayed, histories });
}

/** Every check over what was recorded of a run, I1 to I9. */
export function checkAll(recorded: Recorded, load: Load, connections: readonly SoakConnection[]): Finding[] {
  const truth = truthOf(load, recorded.acks);
  return [
    checkAcceptedLines(recorded, load, truth),
    checkVersions(recorded, truth),
    checkCancels(recorded),
    checkRequests(recorded, connections),
    checkLogins(recorded, connections),
    checkVisibility(recorded),
    checkSecrets(recorded),
    checkResources(recorded),
    checkReplay(recorded),
  ];
}
