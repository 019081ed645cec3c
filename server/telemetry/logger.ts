import pino, { type Logger } from 'pino';

export type { Logger };

/** Log lines are JSON on stderr: stdout belongs to whoever started the server. */
export const createLogger = (level: string): Logger =>
  pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, pino.destination(2));
