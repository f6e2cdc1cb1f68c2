import { BrandMark } from '@/components/brand-mark';
import styles from '@/components/site-header.module.css';
import { ThemeToggle } from '@/components/theme-toggle';
import { Link } from 'react-router';

/** The header of every page: skip link, home link and theme switch. */
export function SiteHeader() {
  return (
    <header className={`${styles['header'] ?? ''} on-mast`}>
      <a className={styles['skip']} href="#content">
        Skip to the content
      </a>
      <div className={styles['inner']}>
        <Link className={styles['brand']} to="/">
          <BrandMark className={styles['mark']} />
          Gatecall
        </Link>
        <span className={styles['spacer']} />
        <nav className={styles['nav']} aria-label="Site">
          <Link to="/">Airports</Link>
          <Link to="/docs/api">API</Link>
        </nav>
        <ThemeToggle />
      </div>
    </header>
  );
}
