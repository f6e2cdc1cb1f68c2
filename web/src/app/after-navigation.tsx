import { settleFocus } from '@/app/settle-focus';
import { noteWentOn, wentOnFrom } from '@/lib/navigation/way-back';
import { useEffect, useRef } from 'react';
import { NavigationType, useLocation, useNavigationType } from 'react-router';

/**
 * What a browser does by itself between two documents: whoever follows a link begins at the top, and a screen
 * reader at the heading; whoever goes back is at the link that was followed. The place on the page is left to the
 * browser then, which remembers it.
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
