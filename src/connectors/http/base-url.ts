import { ConnectorError } from '../errors';

const SLUG = '{accountSlug}';
const DNS_LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/i;
const BASE = /^(https?:\/\/[^/?#]+)([^?#]*)$/i;

/** What an address is made of; query values are percent-encoded. */
export interface AddressParts {
  /** May hold `{accountSlug}` in its host or its path. */
  base: string;
  /** Starts with a slash. */
  path: string;
  accountSlug: string;
  query?: Record<string, string>;
}

/**
 * An absolute address from a base and a path. The account slug must be a DNS label where it stands in the host and is
 * percent-encoded where it stands in the path. Throws `InputInvalid` for a base or a slug that does not fit.
 */
export function addressOf({ base, path, accountSlug, query }: AddressParts): string {
  const [, authority, prefix] = BASE.exec(base) ?? [];
  if (authority === undefined || prefix === undefined) {
    throw new ConnectorError('InputInvalid', 'a base address must be http(s)://host[/path] without query');
  }
  if (authority.includes(SLUG) && !DNS_LABEL.test(accountSlug)) {
    throw new ConnectorError('InputInvalid', 'accountSlug cannot be part of a host name');
  }
  // Dots survive percent-encoding, and a URL parser takes them for a step up.
  if (prefix.includes(SLUG) && /^\.{0,2}$/.test(accountSlug)) {
    throw new ConnectorError('InputInvalid', 'accountSlug cannot be part of a path');
  }
  const address =
    authority.replaceAll(SLUG, accountSlug) +
    prefix.replaceAll(SLUG, encodeURIComponent(accountSlug)).replace(/\/+$/, '') +
    path;
  const search = new URLSearchParams(query).toString();
  return search === '' ? address : `${address}?${search}`;
}
