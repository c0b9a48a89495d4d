import type { Receipt } from '../../src/connectors/credits';
import { ConnectorError } from '../../src/connectors/errors';
import { shipheroConnector } from '../../src/connectors/shiphero';
import { type ShipheroTwin, startShipheroTwin } from '../../src/twins/shiphero-twin';
import { startFileHost, USER } from '../twins/shiphero-calls';
import { failureOfCall } from './connector-failure';
import { NOW_MS, present, twinHttp } from './connector-under-test';
import { shipheroConnection, shipheroLines } from './shiphero-samples';

const http = twinHttp();
let twin: ShipheroTwin;
let host: Awaited<ReturnType<typeof startFileHost>>;
beforeAll(async () => {
  // The clock of the credits stands still: none comes back, and what is missing was paid.
  twin = await startShipheroTwin({ quota: { maxAvailable: 4_004, incrementRate: 1 }, now: () => NOW_MS });
  host = await startFileHost();
});
beforeEach(() => twin.reset());
afterAll(() => Promise.all([twin.stop(), host.stop(), http.close()]));

function opened() {
  const receipts: Receipt[] = [];
  const connection = shipheroConnection({ accessToken: twin.issueToken(USER), tokenExpiresAtMs: null });
  const capabilities = shipheroConnector.open(connection, {
    http,
    endpoints: { SHIPHERO_BASE_URL: twin.url },
    now: () => NOW_MS,
    onReceipt: (receipt) => void receipts.push(receipt),
  });
  const call = { signal: new AbortController().signal };
  return {
    receipts,
    writer: present(capabilities.jobInventoryWriter),
    reader: present(capabilities.creditReader),
    call,
  };
}

it.each([false, true])(
  'tells what each request was paid, as the account shows it (for what is returned: %s)',
  async (chargesReturned) => {
    twin.setState({ chargesReturned });
    twin.setFaults([{ kind: 'stuck' }]);
    const { receipts, writer, reader, call } = opened();
    const left = () => twin.state().creditsRemaining[USER] ?? 0;
    const fileUrl = host.serve('/a.csv', writer.fileOf(shipheroLines(3)).text);
    const { jobId } = await writer.startJob(fileUrl, call);
    const paid = [4_004 - left()];
    for (const ask of [
      () => writer.findJob(fileUrl, call),
      () => writer.readJob(jobId, call),
      () => writer.readVerdicts({ jobId, only: 'all', cursor: null }, call),
      () => writer.stopJob(jobId, 'enough', call),
    ]) {
      const before = left();
      await ask();
      paid.push(before - left());
    }
    await reader.readCredits(call);
    expect(receipts.slice(0, 5).map(({ credits }) => credits)).toEqual(paid);
    expect(receipts.map(({ what }) => what.replace('ShipHero, ', ''))).toEqual([
      ...['starting a sync', 'looking for a sync', 'reading a sync', 'reading the rows of a sync', 'aborting a sync'],
      'reading credits',
    ]);
    expect(receipts.slice(0, 5).every(({ requestId }) => /^[0-9a-f]{24}$/.test(requestId ?? ''))).toBe(true);
    // The quota says nothing of its own request.
    expect(receipts[5]).toEqual({ what: 'ShipHero, reading credits' });
    expect(twin.state().violations.badBody).toBe(0);
  },
);

it('tells that a request that was refused for want of credits cost none, and which it was', async () => {
  twin.setState({ creditsRemaining: { [USER]: 0 } });
  const { receipts, writer, call } = opened();
  const failure = await failureOfCall(writer.readJob('5e4dac71', call));
  expect(failure.type).toBe('ChannelRateLimited');
  expect(receipts).toEqual([{ what: 'ShipHero, reading a sync', requestId: expect.any(String), credits: 0 }]);
  expect(failure.details.requestId).toBe(receipts[0]?.requestId);
});

it('names the request in every failure that the answer puts a number to', async () => {
  const { writer, call } = opened();
  const unknown = await failureOfCall(writer.readJob('5e4dac71', call));
  expect(unknown).toMatchObject({ type: 'ChannelRejected', details: { requestId: expect.any(String) } });
  const body = (value: unknown) => ({ data: { inventory_sync_status: value } });
  for (const value of [
    { request_id: '5d9654d6', complexity: 1, data: null },
    { request_id: '0b4c9a5e-1111-4222-8333-444455556666', complexity: 1, data: null },
    { request_id: 5_965_436, complexity: 'much', data: { total_count: 'one' } },
  ]) {
    twin.setFaults([{ kind: 'status', status: 200, body: JSON.parse(JSON.stringify(body(value))) }]);
    const failure = await failureOfCall(writer.readJob('5e4dac71', call));
    expect(failure.details.requestId).toBe(String(value.request_id));
  }
});

it('does without figures that are missing or make no sense', async () => {
  const node = { status: 'success', error: null, total_count: 1, success_count: 1, error_count: 0, finished_count: 1 };
  for (const said of [{}, { request_id: null, complexity: null }, { request_id: {}, complexity: -3 }]) {
    const { receipts, writer, call } = opened();
    const body = { data: { inventory_sync_status: { ...said, data: node } } };
    twin.setFaults([{ kind: 'status', status: 200, body: JSON.parse(JSON.stringify(body)) }]);
    expect(await writer.readJob('5e4dac71', call)).toMatchObject({ hasEnded: true });
    expect(receipts).toEqual([{ what: 'ShipHero, reading a sync' }]);
  }
});

it('repeats no secret that stands in the place of an id', async () => {
  const { receipts, writer, call } = opened();
  twin.setFaults([
    {
      kind: 'status',
      status: 200,
      body: { errors: [{ code: 5, message: 'no', request_id: `r-${USER}` }], data: null },
    },
  ]);
  const failure = await failureOfCall(writer.readJob('5e4dac71', call));
  expect(failure).toBeInstanceOf(ConnectorError);
  expect(JSON.stringify([failure.details, receipts])).not.toContain(USER);
});
