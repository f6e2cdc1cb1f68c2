import '@fontsource-variable/archivo/wdth.css';
import '@/app/styles/tokens.css';
import '@/app/styles/base.css';
import { App } from '@/app/app';
import { createServices } from '@/lib/services/create-services';
import { applyTheme, storedTheme } from '@/lib/theme/theme';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { BrowserRouter } from 'react-router';

applyTheme(storedTheme());
const services = createServices();
services.start();

const root = document.getElementById('root');
if (root) {
  createRoot(root).render(
    <StrictMode>
      <BrowserRouter>
        <App services={services} />
      </BrowserRouter>
    </StrictMode>,
  );
}
