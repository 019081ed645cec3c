import type { Subject } from '../report/document.ts';
import type { Entrant } from './entrant.ts';
import { flagsOf } from './entrant_process.ts';
import type { Plan } from './plan.ts';

/** How results name an entrant. */
export function subjectOf(entrant: Entrant, plan: Plan): Omit<Subject, 'cases'> {
  const { name } = entrant;
  const flags = flagsOf(entrant, plan);
  switch (entrant.is) {
    case 'peer': {
      const { peer, mode } = entrant;
      return {
        ...{ name, peer: peer.name, profile: peer.profile, language: peer.language },
        stack: peer.stack,
        ...(peer.remark === undefined ? undefined : { remark: peer.remark }),
        encoding: peer.encoding ?? 'json',
        mode,
        window_ms: mode === 'frame' ? 0 : plan.window_ms,
        workers: 1,
        flags,
      };
    }
    case 'hubbub': {
      const { hub, form, workers } = entrant;
      return {
        ...{ name, peer: `hubbub-${hub}`, profile: 'hubbub', language: 'TypeScript' },
        stack: hub === 'native' ? 'Hubbub, hub in C++' : 'Hubbub, hub in TypeScript',
        encoding: form === 'frame' ? 'json' : form,
        mode: form === 'frame' ? 'frame' : form === 'json' ? 'window' : 'joined',
        window_ms: form === 'frame' ? 0 : plan.window_ms,
        workers,
        flags,
      };
    }
    case 'url':
      return {
        ...{ name, peer: name, profile: 'url', language: 'unknown', stack: 'unknown' },
        ...{ encoding: entrant.encoding, mode: 'unknown', window_ms: 0, workers: 1, flags },
      };
  }
}
