/** What a report says of a server with nothing to answer for; for tests. */
export const NO_FAULT = {
  lost: 0,
  duplicated: 0,
  reordered: 0,
  foreign: 0,
  gaps: 0,
  orders: 1,
  disconnected: 0,
} as const;
