import { Icon } from '@/components/icon';
import styles from '@/features/board/board-filters.module.css';
import { useEffect, useRef } from 'react';

/** Search by flight, city, airline or gate. The key `/` moves the focus here from anywhere on the page. */
export function SearchField({ value, onChange }: { value: string; onChange: (value: string) => void }) {
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const typing =
        event.target instanceof Element && event.target.closest('input, select, textarea') !== null;
      if (event.key !== '/' || typing || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      field.current?.focus();
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, []);
  return (
    <span className={styles['search']}>
      <Icon name="search" size="18px" />
      <input
        ref={field}
        type="search"
        aria-label="Search flights"
        aria-keyshortcuts="/"
        placeholder="Flight, city, airline or gate"
        autoComplete="off"
        spellCheck={false}
        value={value}
        onChange={(event) => onChange(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === 'Escape') onChange('');
        }}
      />
      <kbd aria-hidden="true">/</kbd>
    </span>
  );
}
