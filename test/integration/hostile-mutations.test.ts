import { seededRandom } from '../../src/twins/faults';
import inventoryEvent from '../fixtures/events/inventory.json';
import unfulfillableEvent from '../fixtures/events/unfulfillable.json';
import { STOCK_CONNECTION, type Stand, startStand } from '../stand/stand';
import { postText, problemIn } from './gateway-client';
import { mutated, scrambled } from './mutations';

const ROUNDS = 100;
const SEED = 42;

let stand: Stand;
let bound: { keyId: string; key: string };
beforeAll(async () => {
  stand = await startStand({ worker: false });
  bound = await stand.stores.keys.create({ accountSlug: 'spykar', name: 'test', connectionId: STOCK_CONNECTION });
});
afterAll(() => stand.stop());

const graphql = {
  query: 'mutation m($data: InventorySyncInput!) { inventory_sync(data: $data) { request_id complexity sync_id } }',
  variables: { data: { url: 'https://files.example/stock.csv', warehouse_id: '294', customer_account_id: '1' } },
  operationName: 'm',
};
const omsBody = {
  locationCode: 'wd003',
  products: [
    { channelSkuCode: 'P/V', quantity: 7 },
    { channelSkuCode: 'P/W', quantity: '8' },
  ],
};
const assureBody = [{ clientId: 1, clientSkuId: 'P/V', inventoryPoolId: null, quantity: 7, fulfillmentLocationId: 3 }];

it.each<[path: string, method: string, sample: unknown, statuses: number[]]>([
  ['/events/inventory', 'POST', inventoryEvent, [202, 422]],
  ['/events/order', 'POST', unfulfillableEvent, [202, 422]],
  ['/usp/inventories/absolute', 'PUT', omsBody, [200, 400]],
  ['/sellfast/inventories/absolute-update', 'PUT', assureBody, [200, 400]],
  ['/graphql', 'POST', graphql, [200, 400]],
])('%s never answers 5xx, whatever is changed in its body', async (path, method, sample, statuses) => {
  const random = seededRandom(SEED);
  const key = path === '/events/order' ? stand.keys.raymond : stand.keys.spykar;
  const headers = { 'x-api-key': key, authusername: bound.keyId, authpassword: bound.key };
  const seen = new Set<number>();
  for (let round = 0; round < ROUNDS; round++) {
    let body = sample;
    for (let times = 0; times <= random() * 3; times++) body = mutated(body, random);
    for (const text of [JSON.stringify(body), scrambled(JSON.stringify(sample), random)]) {
      const answer = await postText(stand, path, text, headers, method);
      // A connection that another body named is not there.
      if (!statuses.includes(answer.status) && answer.status !== 404) throw new Error(`${answer.status} for ${text}`);
      if (path.startsWith('/events') && answer.status >= 400) problemIn(answer);
      if (answer.status === 200) expect(answer.text).not.toContain('Internal error');
      seen.add(answer.status);
    }
  }
  for (const status of statuses) expect(seen).toContain(status);
});
