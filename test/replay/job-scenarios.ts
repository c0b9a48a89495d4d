import { inventorySyncWorkflowId } from '../../src/contracts/ids';
import type { Fault } from '../../src/twins/faults';
import type { ShipheroPatch } from '../../src/twins/shiphero-state';
import type { Scene } from '../stand/scene';
import { addShiphero } from '../stand/shiphero';
import { SHIPHERO_LOGIN } from '../stand/stand';
import { eventually } from '../stand/waiting';

const FIRST_CONNECTION = 4_001;
const STOCK = { S1: 0, S2: 2, S3: 3, S4: 4 };

interface JobScenario {
  settings?: object;
  faults?: Fault[];
  state?: ShipheroPatch;
  /** What a person does meanwhile. */
  meanwhile?(scene: Scene, hero: Awaited<ReturnType<typeof addShiphero>>): Promise<void>;
}

/** Kinds of runs of a channel that works stock off as jobs. They share an account, so they are played one after the other. */
export const JOB_SCENARIOS: Record<string, JobScenario> = {
  'stock-job-delivered': {},
  'stock-job-rows-rejected': { state: { knownSkus: ['S1', 'S3'] } },
  'stock-job-aborted-over-there': {
    state: { rowsPerSecond: 2 },
    async meanwhile({ stand: { shiphero } }, hero) {
      const sync = await eventually('some rows are applied', () => hero.syncs().find((one) => one.successCount > 1));
      const query = `mutation { inventory_sync_abort(data: {sync_id: "${sync.id}"}) { request_id } }`;
      const authorization = `Bearer ${shiphero.issueToken(SHIPHERO_LOGIN.username)}`;
      await fetch(`${shiphero.url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization },
        body: JSON.stringify({ query }),
      });
    },
  },
  'stock-job-throttled': {
    state: { creditsRemaining: { [SHIPHERO_LOGIN.username]: 0 }, quota: { maxAvailable: 100, incrementRate: 10 } },
  },
  'stock-job-refused-then-told': {
    faults: [{ kind: 'status', status: 403, times: 1, on: { operation: 'inventory_sync_status' } }],
    async meanwhile({ see }, hero) {
      await see.untilAttention(inventorySyncWorkflowId(hero.id), 'shiphero_rejected');
      await see.retry(inventorySyncWorkflowId(hero.id));
    },
  },
  'stock-job-stuck-then-deadline': {
    settings: { syncDeadlineSeconds: 10 },
    faults: [{ kind: 'stuck', afterRows: 2, times: 1, on: { operation: 'inventory_sync' } }],
    async meanwhile({ see }, hero) {
      await see.untilAttention(inventorySyncWorkflowId(hero.id), 'shiphero_stuck');
      await see.retry(inventorySyncWorkflowId(hero.id));
    },
  },
};

/** Plays them and returns their workflow ids by name. */
export async function playJobScenarios(scene: Scene): Promise<Record<string, string>> {
  const { shiphero, stores } = scene.stand;
  const played: Record<string, string> = {};
  for (const [index, [name, scenario]] of Object.entries(JOB_SCENARIOS).entries()) {
    shiphero.reset();
    await stores.db.change('DELETE FROM credits', []);
    if (scenario.state) shiphero.setState(scenario.state);
    shiphero.setFaults(scenario.faults ?? []);
    const hero = await addShiphero(scene.stand, FIRST_CONNECTION + index, scenario.settings);
    await hero.send(STOCK);
    await scenario.meanwhile?.(scene, hero);
    const workflowId = inventorySyncWorkflowId(hero.id);
    await scene.see.result(workflowId);
    played[name] = workflowId;
  }
  return played;
}
