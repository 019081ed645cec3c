import { keep, recall } from '../storage.ts';
import { byId } from './dom.ts';

const systemDark = matchMedia('(prefers-color-scheme: dark)');

/** Light or dark: as the system has it, until somebody chooses the other one. */
export function startTheme(): void {
  const button = byId('theme', HTMLButtonElement);
  const isDark = (): boolean => (recall('theme') ?? systemTheme()) === 'dark';
  const show = (): void => {
    const theme = recall('theme');
    if (theme === undefined) delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
    button.setAttribute('aria-pressed', String(isDark()));
  };
  button.addEventListener('click', () => {
    const wanted = isDark() ? 'light' : 'dark';
    // A choice that is the system's own follows the system again.
    keep('theme', wanted === systemTheme() ? undefined : wanted);
    show();
  });
  systemDark.addEventListener('change', show);
  show();
}

const systemTheme = (): string => (systemDark.matches ? 'dark' : 'light');
