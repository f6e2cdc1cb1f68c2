import { chromium } from 'playwright-core';

/** Chromium as it is installed; CHROMIUM names another one. */
const CHROMIUM = {
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: [
    '--headless',
    '--no-sandbox',
    '--disable-gpu',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ],
};

export function launchChromium() {
  return chromium.launch(CHROMIUM);
}

/** Chromium with a profile that is kept in a folder: cache and all are there the next time. */
export function launchProfile(folder) {
  return chromium.launchPersistentContext(folder, { ...CHROMIUM, viewport: { width: 1280, height: 900 } });
}
