import { settleFocus } from '@/app/settle-focus';
import { noteWentOn, wentOnFrom } from '@/lib/navigation/way-back';
import { useEffect, useRef } from 'react';
import { NavigationType, useLocation, useNavigationType } from 'react-router';

/**
 * Does what a browser does between two documents: after a link, the page starts at the top and the focus is on the
 * heading; after going back, the focus is on the link that was followed. The browser restores the scroll position
 * itself.
 */
export function AfterNavigation() {
  const { pathname, search, key } = useLocation();
  const kind = useNavigationType();
  const last = useRef({ pathname, key });
  useEffect(() => {
    const left = last.current;
    last.current = { pathname, key };
    if (left.pathname === pathname) return;
    if (kind === NavigationType.Pop) return settleFocus(wentOnFrom(key));
    if (kind === NavigationType.Push) noteWentOn(left.key, pathname + search);
    window.scrollTo(0, 0);
    return settleFocus(null);
  }, [pathname, search, key, kind]);
  return null;
}
