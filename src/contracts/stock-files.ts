/** Where the gateway hands out the files that channels fetch: whoever knows the name may, and nobody can guess it. */
export const STOCK_FILES_PATH = '/stock-files';

const NAME = /^([0-9a-f]{32})\.csv$/;

/** The address of a file, below the public base address of the gateway. */
export const stockFileUrl = (publicUrl: string, fileKey: string): string =>
  `${publicUrl.replace(/\/+$/, '')}${STOCK_FILES_PATH}/${fileKey}.csv`;

/** The key in a file's name; undefined for a name that no file has. */
export const stockFileKeyOf = (name: string): string | undefined => NAME.exec(name)?.[1];
