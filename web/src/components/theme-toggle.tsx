import { Icon, type IconName } from '@/components/icon';
import styles from '@/components/site-header.module.css';
import { type Theme, applyTheme, storedTheme } from '@/lib/theme/theme';
import { useState } from 'react';

const NEXT: Record<Theme, Theme> = { system: 'light', light: 'dark', dark: 'system' };
const ICON: Record<Theme, IconName> = { system: 'system', light: 'sun', dark: 'moon' };
const WORDS: Record<Theme, string> = { system: 'as the device', light: 'light', dark: 'dark' };

export function ThemeToggle() {
  const [theme, setTheme] = useState<Theme>(storedTheme);
  const next = NEXT[theme];
  return (
    <button
      type="button"
      className={styles['iconButton']}
      title={`Colours: ${WORDS[theme]}`}
      aria-label={`Colours: ${WORDS[theme]}. Change to ${WORDS[next]}`}
      onClick={() => {
        applyTheme(next);
        setTheme(next);
      }}
    >
      <Icon name={ICON[theme]} size="20px" />
    </button>
  );
}
