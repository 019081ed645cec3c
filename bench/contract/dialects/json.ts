import type { Conversation, Dialect, Said } from '../dialect.ts';

/** The contract's own JSON: nothing to translate, nothing to remember. */
const JSON_LINES: Conversation = {
  greeting: [],
  isReady: true,
  encode: (action) => JSON.stringify(action),
  decode: (frame) => ({ said: frame.split('\n').map((line): Said => JSON.parse(line)) }),
};

export const peer: Dialect = { name: 'peer', exempt: {}, converse: () => JSON_LINES };

const NO_ECHO = 'has no echo path';

/** A superset on one path. */
export const hubbub: Dialect = {
  name: 'hubbub',
  exempt: {
    'echo-text': NO_ECHO,
    'echo-binary': NO_ECHO,
    'echo-match': NO_ECHO,
    counters: 'its /stats has another shape',
  },
  converse: () => JSON_LINES,
};
