// The NestJS a peer program runs on: the packages of the folder it is started in.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

export const nest = await import(pathToFileURL(join(process.cwd(), 'packages.mjs')));

/** Nest logs to stdout by default, which here belongs to the protocol. */
export const logger = Object.fromEntries(
  ['log', 'warn', 'error', 'fatal', 'debug', 'verbose'].map((level) => [
    level,
    (...parts) => console.error(level, ...parts),
  ]),
);

/** One message of the protocol: a JSON value on a line of its own. */
export const say = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);
