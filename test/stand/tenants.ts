import { AJIO_LOGIN, ESHOPBOX_LOGIN, type Stand } from './stand';

/**
 * A customer of its own: an Ajio connection that takes stock and orders, a WMS connection, a gateway key. Twins' faults can be
 * aimed at it (`on: {account: tenant.slug}`), so that several tests share a stand without meeting each other.
 */
export interface Tenant {
  /** Account slug, user name at Ajio, and account at Eshopbox. */
  slug: string;
  connectionId: number;
  wmsConnectionId: number;
  externalChannelId: string;
  /** The product of all its listings. */
  productId: string;
  key: string;
}

export interface TenantOptions {
  /** Of the Ajio connection. */
  settings?: object;
  /** `live`: both connections begin with a token that is good; `none`: they have to log in first. @default 'live' */
  tokens?: 'live' | 'none';
  /** Ajio refuses the login until `correctLogin` is called. */
  isLoginRefused?: boolean;
}

/** Adds tenants to a stand, together with their accounts at the twins. */
export function createTenants(stand: Stand) {
  const ajioAccounts = [{ ...AJIO_LOGIN }];
  const eshopboxAccounts = [{ accountSlug: 'raymond', ...ESHOPBOX_LOGIN }];
  let nextId = 1_001;

  async function add(slug: string, options: TenantOptions = {}): Promise<Tenant> {
    const { stores, ajio, eshopbox } = stand;
    const connectionId = nextId;
    const wmsConnectionId = nextId + 1;
    nextId += 2;
    const login = { username: slug, password: `CANARY-password-${slug}` };
    const wmsLogin = {
      clientId: slug,
      clientSecret: `CANARY-secret-${slug}`,
      refreshToken: `CANARY-refresh-${slug}`,
    };
    ajioAccounts.push(options.isLoginRefused ? { ...login, password: 'another' } : login);
    eshopboxAccounts.push({ accountSlug: slug, ...wmsLogin });
    ajio.setState({ accounts: ajioAccounts });
    eshopbox.setState({ accounts: eshopboxAccounts });

    const externalChannelId = `CH-${slug}`;
    const common = { accountSlug: slug, externalWarehouseId: null, locationId: null };
    await stores.connections.insert({
      ...common,
      id: connectionId,
      channel: 'ajio',
      externalChannelId,
      credentials: login,
      settings: options.settings ?? {},
    });
    await stores.connections.insert({
      ...common,
      id: wmsConnectionId,
      channel: 'eshopbox',
      externalChannelId: null,
      credentials: {
        client_id: wmsLogin.clientId,
        client_secret: wmsLogin.clientSecret,
        refresh_token: wmsLogin.refreshToken,
      },
      settings: {},
    });
    if (options.tokens !== 'none') {
      const setToken = 'UPDATE connections SET accessToken = ? WHERE id = ?';
      await stores.db.change(setToken, [ajio.issueToken(slug), connectionId]);
      await stores.db.change(setToken, [eshopbox.issueToken(slug), wmsConnectionId]);
    }
    const { key } = await stores.keys.create({ accountSlug: slug, name: 'test', connectionId: null });
    return { slug, connectionId, wmsConnectionId, externalChannelId, productId: `P-${slug}`, key };
  }

  return {
    add,
    /** From now on Ajio takes the tenant's login. */
    correctLogin(tenant: Tenant): void {
      const account = ajioAccounts.find(({ username }) => username === tenant.slug);
      if (!account) throw new Error(`there is no account ${tenant.slug}`);
      account.password = `CANARY-password-${tenant.slug}`;
      stand.ajio.setState({ accounts: ajioAccounts });
    },
    /** What `connections restore` does to the row: a person says that the connection may be used again. */
    async setStatus(tenant: Tenant, status: 'active' | 'paused'): Promise<void> {
      await stand.stores.connections.setStatus(tenant.connectionId, status, null);
    },
  };
}

export type Tenants = ReturnType<typeof createTenants>;
