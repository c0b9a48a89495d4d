import { changesOf, storedSettings, withChanges } from '../../src/cli/connection-change';
import { CliError } from '../../src/cli/failures';
import { ajioConnector } from '../../src/connectors/ajio';
import { shipheroConnector } from '../../src/connectors/shiphero';
import { sampleConnection } from '../connectors/samples';

const connection = sampleConnection({ locationId: 'POB1', settings: { batchSize: 10, timeZone: 'UTC' } });

const changed = (given: readonly string[], reset: readonly string[] = []) =>
  withChanges(connection, changesOf(given, reset, ajioConnector, storedSettings(connection)));

function faultsOf(given: readonly string[], reset: readonly string[] = []): readonly string[] {
  try {
    changed(given, reset);
  } catch (error) {
    if (error instanceof CliError) return error.faults;
    throw error;
  }
  return [];
}

describe('changes of a connection', () => {
  it('change what they name and leave the rest', () => {
    expect(changed(['batchSize=25', 'settings.quantityAsString=true', 'location=POB2'])).toMatchObject({
      locationId: 'POB2',
      settings: { batchSize: 25, timeZone: 'UTC', quantityAsString: true },
    });
  });

  it('keep text as it was written, also where it looks like a number', () => {
    expect(changed(['location=007', 'ordersPath=']).settings).toMatchObject({ ordersPath: '' });
    expect(changed(['location=007']).locationId).toBe('007');
    expect(withChanges(connection, changesOf(['warehouseId=12'], [], shipheroConnector)).settings).toMatchObject({
      warehouseId: '12',
    });
  });

  it('tell a setting from a column of the same name', () => {
    const changes = changesOf(['location=A', 'settings.location=BIN'], [], shipheroConnector);
    expect(withChanges(connection, changes)).toMatchObject({ locationId: 'A', settings: { location: 'BIN' } });
  });

  it('take back what is reset, also what the connector knows no more', () => {
    expect(changed([], ['batchSize', 'location'])).toMatchObject({ locationId: null, settings: { timeZone: 'UTC' } });
    expect(changed([], ['batchSize']).settings).not.toHaveProperty('batchSize');
    const old = { ...connection, settings: { formerSetting: 1 } };
    expect(withChanges(old, changesOf([], ['formerSetting'], ajioConnector, storedSettings(old))).settings).toEqual({});
  });

  it.each([
    [['username=canary'], 'username: is a credential'],
    [['credentials.password=canary'], 'credentials.password: is a credential'],
    [['accessToken=canary'], 'accessToken: is a secret'],
    [['inputFields={"password":"canary"}'], 'inputFields: is a secret'],
    [['status=canary'], 'status: use `connections pause`'],
    [['account=canary'], 'account: cannot be changed'],
    [['batchsize=canary'], 'batchsize: Ajio has no such setting (location, externalChannel'],
    [['toString=canary'], 'toString: Ajio has no such setting'],
    [['canary'], 'change 1: is not key=value'],
    [['=canary'], 'change 1: is not key=value'],
    [['location= '], 'location: is empty'],
    [['batchSize=1', 'settings.batchSize=2'], 'batchSize: is given twice'],
  ])('%j is refused by the name of the field, without its value', (given, words) => {
    const faults = faultsOf(given);
    expect(faults).toEqual([expect.stringContaining(words)]);
    expect(faults.join()).not.toContain('canary');
  });

  it('names every fault at once', () => {
    expect(faultsOf(['password=x', 'nope=1'], ['other'])).toHaveLength(3);
  });
});
