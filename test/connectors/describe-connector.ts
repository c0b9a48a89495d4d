import type { ConnectorError } from '../../src/connectors/errors';
import type { Connection } from '../../src/contracts/connection';
import type { CancelOrderRequest } from '../../src/contracts/order';
import type { StockLine } from '../../src/contracts/stock';
import type { Twin } from '../../src/twins/twin';
import { everythingIn, failureOfCall } from './connector-failure';
import { type ConnectorUnderTest, NOW_MS, openerFor, present, twinHttp } from './connector-under-test';
import { handDeadlines } from './hand-deadlines';
import { describeJobFiles } from './job-conformance';
import { FAILURES, isWithoutEnd, operationsOf } from './operations';

const PERSON = 'someone@example.com';

/** The conformance suite: what every connector must do with what its channel may answer. A new connector is done when it passes. */
export function describeConnector<T extends Twin>(suite: ConnectorUnderTest<T>): void {
  const { connector } = suite;
  const { deadline, passOnce } = handDeadlines();
  const http = twinHttp(deadline);
  const open = openerFor(suite, http);
  let twin: T;
  let connection: Connection;
  let secrets: string[];

  beforeAll(async () => {
    twin = await suite.startTwin();
  });
  beforeEach(async () => {
    twin.reset();
    await suite.job?.arrange(twin);
    twin.clearLog();
    connection = suite.connection(twin);
    const { accessToken, credentials } = connection;
    secrets = [...(accessToken ? [accessToken] : []), ...Object.values(credentials ?? {}).map(String), PERSON];
  });
  afterAll(async () => {
    await twin.stop();
    await http.close();
  });

  const expectClean = (failure: ConnectorError): void => {
    for (const secret of secrets) expect(everythingIn(failure)).not.toContain(secret);
  };
  const opened = (changes: Partial<Connection> = {}) => open(twin, { accessToken: connection.accessToken, ...changes });

  describe(`${connector.displayName} conforms`, () => {
    it('offers exactly the capabilities that it names', () => {
      expect(Object.keys(opened().capabilities).sort()).toEqual([...connector.capabilities].sort());
    });

    it('shares its gate with the connections that share its limit, and with no other', () => {
      const settings = Object.assign({}, connection.settings, { requestsPerMinute: 60 });
      const gateOf = (changes: Partial<Connection>) => connector.gate({ ...connection, settings, ...changes }, {});
      const gates = [gateOf({ id: 1 }), gateOf({ id: 2 })];
      const keys =
        suite.limits === 'account'
          ? [gates[0]?.key, gates[0]?.key]
          : [`${connector.channel}/1`, `${connector.channel}/2`];
      expect(gates).toEqual(keys.map((key) => ({ key, requestsPerMinute: 60 })));
      expect(keys).not.toContain(gateOf({ id: 3, credentials: suite.wrongCredentials }).key);
      for (const secret of secrets) expect(keys.join()).not.toContain(secret);
    });

    it.each([
      ['nothing', ''],
      ['blanks', ' '],
      ['101 characters', 'x'.repeat(101)],
    ])('makes no listing of %s', (_name, code) => {
      expect(() => connector.listingForCode(code, connection)).toThrow(RangeError);
    });

    it.each(suite.badSettings)('names the field at fault in settings %j', async (settings, field) => {
      const failure = await failureOfCall((async () => opened({ settings }))());
      expect(failure).toMatchObject({ type: 'InputInvalid', message: expect.stringContaining(`settings.${field}`) });
    });

    it('names the missing credentials', async () => {
      const failure = await failureOfCall((async () => opened({ credentials: {} }))());
      expect(failure).toMatchObject({ type: 'InputInvalid', message: expect.stringContaining('inputFields.') });
    });

    it('reports refused credentials', async () => {
      const login = operationsOf(suite).find(({ name }) => name === 'issueToken') ?? present(operationsOf(suite)[0]);
      const failure = await failureOfCall(login.run(opened({ credentials: suite.wrongCredentials })));
      const details = expect.objectContaining({ tokenGeneration: connection.tokenGeneration });
      expect(failure).toMatchObject({ type: 'ChannelAuthFailed', details });
      for (const secret of Object.values(suite.wrongCredentials)) expect(everythingIn(failure)).not.toContain(secret);
    });

    if (!connector.capabilities.includes('tokenIssuer')) return;

    it('gets a token that is then good', async () => {
      const { capabilities, call } = opened();
      const issued = await present(capabilities.tokenIssuer).issueToken(call);
      expect(issued.expiresAtMs).toBeGreaterThan(NOW_MS);
      for (const operation of operationsOf(suite)) {
        await operation.run(opened({ accessToken: issued.accessToken, tokenExpiresAtMs: issued.expiresAtMs }));
      }
      expect(twin.log().every((entry) => entry.status === 200)).toBe(true);
    });
  });

  describe.each(operationsOf(suite))(`${connector.displayName}, $name`, (operation) => {
    it('works, in one request', async () => {
      await operation.run(opened());
      expect(twin.log()).toMatchObject([{ status: 200, authorized: true }]);
    });

    it.each(FAILURES)('%s', async (_name, fault, expected) => {
      twin.setFaults([fault]);
      const failing = failureOfCall(operation.run(opened()));
      if (isWithoutEnd(fault)) await passOnce(() => twin.log().length === 1);
      const failure = await failing;
      expect(failure).toMatchObject(expected(operation));
      expect(failure.details).toMatchObject({ connectionId: connection.id, channel: connector.channel });
      expect(failure.details.tokenGeneration).toBe(
        failure.type === 'ChannelAuthFailed' ? connection.tokenGeneration : undefined,
      );
      expect(twin.log()).toHaveLength(1);
      expectClean(failure);
    });

    it('passes on the channel’s words without secrets and persons', async () => {
      const message = `<b>No</b> to ${secrets.join(' and ')}`;
      twin.setFaults([{ kind: 'status', status: 409, body: { error: { code: 'E7', message } } }]);
      const failure = await failureOfCall(operation.run(opened()));
      expect(failure.details.channelWords).toMatch(/^E7: No to /);
      expectClean(failure);
    });

    it('has no effect and is no channel’s fault when the channel is not there', async () => {
      const gone = await suite.startTwin();
      await gone.stop();
      const failure = await failureOfCall(operation.run(open(gone, { accessToken: connection.accessToken })));
      expect(failure).toMatchObject({ type: 'ChannelUnavailable', mayStillApply: false });
    });

    if (!operation.needsToken) return;

    it.each<[string, Partial<Connection>]>([
      ['no token', { accessToken: null }],
      ['an empty token', { accessToken: '  ' }],
      ['JSON without a token', { accessToken: '{"token":1}' }],
      ['an expired token', { tokenExpiresAtMs: NOW_MS - 1 }],
      ['a token about to expire', { tokenExpiresAtMs: NOW_MS + 119_000 }],
    ])('makes no call with %s', async (_name, changes) => {
      const failure = await failureOfCall(operation.run(opened({ ...changes, tokenGeneration: 41 })));
      const details = { tokenGeneration: 41, connectionId: connection.id, channel: connector.channel };
      expect(failure).toMatchObject({ type: 'ChannelAuthFailed', details, mayStillApply: false });
      expect(twin.log()).toHaveLength(0);
    });

    it('reads a token that is stored as JSON', async () => {
      await operation.run(opened({ accessToken: JSON.stringify({ accessToken: connection.accessToken }) }));
      expect(twin.log()).toMatchObject([{ status: 200, authorized: true }]);
    });
  });

  const { stock, cancel, job } = suite;

  if (job) describeJobFiles(connector.displayName, job, () => present(opened().capabilities.jobInventoryWriter));

  if (stock) {
    describe(`${connector.displayName}, stock`, () => {
      const write = (lines: readonly StockLine[]) => {
        const { capabilities, call } = opened();
        return present(capabilities.inventoryWriter).setStock(lines, call);
      };

      it('is accepted line by line, as absolute numbers, up to the ceiling', async () => {
        const lines = stock.lines(stock.maxLines);
        const verdicts = await write(lines);
        expect(verdicts).toEqual(lines.map(({ listing }) => ({ listing, verdict: 'accepted' })));
        const applied = twin.log().flatMap((entry) => entry.applied);
        expect(applied.map(({ key, quantity }) => ({ key, quantity }))).toEqual(
          lines.map((line) => ({ key: stock.keyOf(line), quantity: line.quantity })),
        );
      });

      it('is rejected line by line, verdicts in the order given', async () => {
        const lines = stock.lines(4);
        const bad = new Set(lines.filter((_line, index) => index % 2 === 1).map(stock.keyOf));
        twin.setFaults([{ kind: 'fail-lines', lines: [...bad], message: 'Product not found' }]);
        const expected = lines.map((line) =>
          bad.has(stock.keyOf(line))
            ? { listing: line.listing, verdict: 'rejected', message: stock.rejection ?? 'Product not found' }
            : { listing: line.listing, verdict: 'accepted' },
        );
        expect(await write(lines)).toEqual(expected);
      });

      it('is not believed when the answer names a line that was not sent', async () => {
        twin.setFaults([{ kind: 'unknown-line' }]);
        const failure = await failureOfCall(write(stock.lines(2)));
        expect(failure).toMatchObject({ type: 'ChannelContractViolated', mayStillApply: true });
      });

      it.each<[string, StockLine[]]>([
        ['above the ceiling', stock.lines(stock.maxLines + 1)],
        ['with a listing twice', [...stock.lines(1), ...stock.lines(1)]],
        ['with half a piece', stock.lines(1).map((line) => ({ ...line, quantity: 0.5 }))],
        ['with less than nothing', stock.lines(1).map((line) => ({ ...line, quantity: -1 }))],
      ])('is not sent %s', async (_name, lines) => {
        expect(await failureOfCall(write(lines))).toMatchObject({ type: 'InvariantBroken', mayStillApply: false });
        expect(twin.log()).toHaveLength(0);
      });

      it('needs no request for no lines', async () => {
        expect(await write([])).toEqual([]);
        expect(twin.log()).toHaveLength(0);
      });
    });
  }

  if (cancel) {
    describe(`${connector.displayName}, cancellation`, () => {
      const send = (request: CancelOrderRequest) => {
        const { capabilities, call } = opened();
        return present(capabilities.orderCanceller).cancelOrder(request, call);
      };
      const { request } = cancel;

      it('takes effect once for each line, verdicts in the order given', async () => {
        const expected = request.lines.map(({ lineItemSequenceNumber }) => ({
          lineItemSequenceNumber,
          verdict: 'cancelled',
        }));
        expect(await send(request)).toEqual(expected);
        // Where a repeated call is harmless, it ends like the first.
        if (cancel.isRepeatable) expect(await send(request)).toEqual(expected);
        const cancels = twin.log().flatMap((entry) => entry.applied);
        expect(cancels.map(({ quantity }) => quantity)).toEqual(request.lines.map(({ quantity }) => quantity));
      });

      it('needs no request for no lines', async () => {
        expect(await send({ ...request, lines: [] })).toEqual([]);
        expect(twin.log()).toHaveLength(0);
      });
    });
  }
}
