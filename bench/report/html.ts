import type { ResultDocument } from './document.ts';
export const documentHtml = (document: ResultDocument): string =>
  `<!doctype html>${document.plan.name}`;
