import js from '@eslint/js';
import checkFile from 'eslint-plugin-check-file';
import jsxA11y from 'eslint-plugin-jsx-a11y';
import reactHooks from 'eslint-plugin-react-hooks';
import globals from 'globals';
import { readdirSync } from 'node:fs';
import tseslint from 'typescript-eslint';

// The law of this folder: app -> features -> components -> lib -> wire, and never back.
const layers = ['app', 'features', 'components', 'lib', 'wire'];

/** Files of a folder may not import what the patterns match; `src/testing` is for tests alone. */
const without = (files, ...patterns) => ({
  files: [files],
  ignores: ['src/**/*.test.{ts,tsx}', 'src/testing/**'],
  rules: {
    'no-restricted-imports': [
      'error',
      {
        patterns: [
          {
            regex: '^\\.',
            message: 'Imports begin with @/, so that the law of layers can be read from them.',
          },
          { regex: '^@/testing/', message: 'Only tests import what is made for tests.' },
          ...patterns,
        ],
      },
    ],
  },
});

const layerLaw = layers.map((layer, index) =>
  without(
    `src/${layer}/**`,
    ...layers.slice(0, index).map((above) => ({
      regex: `^@/${above}/`,
      message: `${layer} knows nothing of ${above}: ${layers.join(' -> ')}, and never back.`,
    })),
  ),
);

// The features are listed by reading the folder, so that a new one is under the law from its first file.
const featureLaw = readdirSync(new URL('./src/features', import.meta.url)).map((name) =>
  without(
    `src/features/${name}/**`,
    { regex: '^@/app/', message: 'A feature knows nothing of the app around it.' },
    {
      regex: `^@/features/(?!${name}/)`,
      message: 'A feature knows nothing of the other features; what both need belongs in components or lib.',
    },
  ),
);

export default tseslint.config(
  { ignores: ['dist', 'node_modules', 'testing/out'] },
  js.configs.recommended,
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: {
      globals: { ...globals.browser },
      parserOptions: {
        projectService: {
          allowDefaultProject: ['eslint.config.js', 'testing/*.mjs', 'testing/fake-hub/*.mjs'],
          maximumDefaultProjectFileMatchCount_THIS_WILL_SLOW_DOWN_LINTING: 24,
        },
        tsconfigRootDir: import.meta.dirname,
      },
    },
    plugins: { 'check-file': checkFile },
    rules: {
      'check-file/filename-naming-convention': [
        'error',
        { '**/*.{ts,tsx,mjs}': 'KEBAB_CASE' },
        { ignoreMiddleExtensions: true },
      ],
      // Does not count `??=` as a use; the compiler's own check does.
      'no-unused-private-class-members': 'off',
      'max-lines': ['error', { max: 260, skipBlankLines: true, skipComments: true }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
    },
  },
  ...layerLaw,
  ...featureLaw,
  {
    files: ['src/**/index.{ts,tsx}'],
    rules: {
      'no-restricted-syntax': [
        'error',
        { selector: 'Program', message: 'No barrel files: import the file that holds the thing.' },
      ],
    },
  },
  { files: ['src/**/*.{ts,tsx}'], ...reactHooks.configs.flat.recommended },
  { files: ['src/**/*.tsx'], ...jsxA11y.flatConfigs.strict },
  {
    // Tables of boards are made of elements with roles, because rows are laid out as grids.
    files: ['src/**/*.tsx'],
    rules: { 'jsx-a11y/prefer-tag-over-role': 'off' },
  },
  { files: ['**/*.mjs', 'eslint.config.js'], ...tseslint.configs.disableTypeChecked },
  { files: ['**/*.mjs'], languageOptions: { globals: { ...globals.node } } },
  { files: ['src/wire/types.ts'], rules: { 'max-lines': 'off' } },
);
