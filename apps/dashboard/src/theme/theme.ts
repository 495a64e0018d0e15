import { createTheme, type CSSVariablesResolver, type MantineColorsTuple } from '@mantine/core';

/** For actions, links, focus and what is selected. */
const accent: MantineColorsTuple = [
  '#eef3ff',
  '#dbe5ff',
  '#b7c9ff',
  '#8fa9fb',
  '#6b8af4',
  '#4a69e2',
  '#3655d6',
  '#2844b4',
  '#21388f',
  '#1c2e70',
];
/** Only for refused logins, and for what destroys. */
const red: MantineColorsTuple = [
  '#fff1f1',
  '#ffdfdf',
  '#ffc2c2',
  '#fb9999',
  '#f26d6d',
  '#d63c3c',
  '#c92f2f',
  '#a82424',
  '#8a2020',
  '#701e1e',
];
/** Report only, and what expires soon. */
const amber: MantineColorsTuple = [
  '#fff8e6',
  '#feedc0',
  '#fbdd8b',
  '#f6c64d',
  '#e9ab1f',
  '#cc8f0c',
  '#a36f05',
  '#7f5606',
  '#66450a',
  '#533909',
];
const gray: MantineColorsTuple = [
  '#f8f8f9',
  '#f1f1f3',
  '#e6e6ea',
  '#d5d6db',
  '#b4b6be',
  '#8b8e99',
  '#686b76',
  '#4d505a',
  '#33353d',
  '#1b1c21',
];
const dark: MantineColorsTuple = [
  '#e9eaee',
  '#c3c5cd',
  '#9a9da8',
  '#767985',
  '#4a4d58',
  '#33363f',
  '#26282f',
  '#191b20',
  '#131418',
  '#0d0e11',
];

export const theme = createTheme({
  colors: { accent, red, amber, gray, dark },
  primaryColor: 'accent',
  primaryShade: { light: 6, dark: 5 },
  autoContrast: true,
  fontFamily: "'Geist Variable', system-ui, -apple-system, 'Segoe UI', sans-serif",
  fontFamilyMonospace: "'Geist Mono Variable', ui-monospace, 'SF Mono', Menlo, Consolas, monospace",
  fontSizes: { xs: '0.75rem', sm: '0.8125rem', md: '0.875rem', lg: '1rem', xl: '1.125rem' },
  headings: {
    fontWeight: '600',
    sizes: {
      h1: { fontSize: '1.375rem', lineHeight: '1.6' },
      h2: { fontSize: '1rem', lineHeight: '1.4' },
      h3: { fontSize: '0.9375rem', lineHeight: '1.6' },
    },
  },
  defaultRadius: 'md',
  radius: { xs: '3px', sm: '4px', md: '6px', lg: '8px', xl: '12px' },
  // Below `sm`, the side bar is a sheet, and tables are lists.
  breakpoints: { xs: '30em', sm: '43.75em', md: '62em', lg: '75em', xl: '88em' },
  shadows: {
    xs: '0 1px 2px rgb(16 18 27 / 0.05)',
    sm: '0 1px 3px rgb(16 18 27 / 0.08)',
    md: '0 1px 2px rgb(16 18 27 / 0.06), 0 8px 24px rgb(16 18 27 / 0.10)',
    lg: '0 2px 4px rgb(16 18 27 / 0.06), 0 16px 40px rgb(16 18 27 / 0.14)',
    xl: '0 4px 8px rgb(16 18 27 / 0.08), 0 24px 64px rgb(16 18 27 / 0.18)',
  },
  cursorType: 'pointer',
  respectReducedMotion: true,
  // Plain objects: `Button.extend` of each would load all of these components with the first page.
  components: {
    ActionIcon: { defaultProps: { variant: 'subtle', color: 'gray' } },
    Alert: { defaultProps: { variant: 'light', radius: 'lg' } },
    Anchor: { defaultProps: { c: 'var(--postern-link)', fz: 'inherit' } },
    Badge: { defaultProps: { variant: 'light', radius: 'sm', tt: 'none', fw: 500 } },
    Button: { defaultProps: { fw: 500 } },
    Combobox: { defaultProps: { shadow: 'md', transitionProps: { duration: 100 } } },
    Drawer: {
      defaultProps: { transitionProps: { duration: 140 }, overlayProps: { backgroundOpacity: 0.35 } },
    },
    InputWrapper: {
      defaultProps: { size: 'sm' },
      vars: () => ({
        label: {},
        success: {},
        error: { '--input-error-size': 'var(--mantine-font-size-xs)' },
        description: { '--input-description-size': 'var(--mantine-font-size-xs)' },
      }),
    },
    Kbd: {
      defaultProps: { size: 'xs', ff: 'inherit', fw: 500, c: 'dimmed', bd: 0, bg: 'var(--postern-side-selected)' },
    },
    // Without Mantine's placeholder, which axe reports as a wrong child of the menu. The first item gets the focus.
    Menu: {
      defaultProps: { shadow: 'md', transitionProps: { duration: 100 }, withInitialFocusPlaceholder: false },
    },
    Modal: {
      defaultProps: {
        centered: true,
        padding: 'lg',
        radius: 'xl',
        transitionProps: { duration: 120, transition: 'fade' },
        overlayProps: { backgroundOpacity: 0.35 },
        closeButtonProps: { 'aria-label': 'Close' },
      },
    },
    NavLink: {
      defaultProps: { py: 5, bdrs: 'md', c: 'var(--postern-text-soft)' },
      vars: () => ({
        root: { '--nl-bg': 'var(--postern-side-selected)', '--nl-hover': 'var(--postern-side-selected)' },
        children: {},
      }),
    },
    Paper: { defaultProps: { withBorder: true, radius: 'lg' } },
    Popover: { defaultProps: { shadow: 'md', transitionProps: { duration: 100 } } },
    Skeleton: { defaultProps: { radius: 'sm' } },
    Tabs: { defaultProps: { keepMounted: false } },
    Title: { defaultProps: { lts: '-0.015em' } },
    Tooltip: {
      defaultProps: {
        openDelay: 300,
        transitionProps: { duration: 100 },
        events: { hover: true, focus: true, touch: true },
      },
    },
  },
});

/** Colours of light and dark pages. Pages use only these. */
const colours = {
  '--mantine-color-body': 'light-dark(#ffffff, var(--mantine-color-dark-8))',
  '--mantine-color-text': 'light-dark(var(--mantine-color-gray-9), var(--mantine-color-dark-0))',
  '--mantine-color-dimmed': 'light-dark(var(--mantine-color-gray-6), var(--mantine-color-dark-2))',
  '--mantine-color-default': 'light-dark(#ffffff, var(--mantine-color-dark-7))',
  '--mantine-color-default-hover': 'light-dark(var(--mantine-color-gray-0), var(--mantine-color-dark-6))',
  '--mantine-color-default-border': 'light-dark(var(--mantine-color-gray-3), var(--mantine-color-dark-5))',
  '--mantine-color-placeholder': 'light-dark(#737682, #858894)',
  '--mantine-color-red-outline': 'light-dark(var(--mantine-color-red-6), var(--mantine-color-red-4))',
  '--menu-item-hover': 'light-dark(var(--mantine-color-gray-1), var(--mantine-color-dark-6))',
  '--mantine-color-error': 'var(--postern-refused-text)',
  '--postern-side': 'light-dark(#fafafb, var(--mantine-color-dark-9))',
  '--postern-side-selected': 'light-dark(#eceef2, #1d1f26)',
  '--postern-raised': 'light-dark(#ffffff, var(--mantine-color-dark-7))',
  '--postern-field': 'light-dark(#ffffff, #16171b)',
  '--postern-line': 'light-dark(var(--mantine-color-gray-2), #22242b)',
  '--postern-hover': 'light-dark(#f8f8fa, #181a1f)',
  '--postern-selected': 'light-dark(var(--mantine-color-accent-0), #1b2238)',
  '--postern-text-soft': 'light-dark(var(--mantine-color-gray-7), var(--mantine-color-dark-1))',
  '--postern-refused': 'light-dark(var(--mantine-color-red-6), var(--mantine-color-red-4))',
  '--postern-refused-text': 'light-dark(var(--mantine-color-red-7), var(--mantine-color-red-3))',
  '--postern-refused-soft':
    'light-dark(var(--mantine-color-red-0), color-mix(in srgb, var(--mantine-color-red-6) 16%, var(--mantine-color-body)))',
  '--postern-warn': 'light-dark(var(--mantine-color-amber-5), var(--mantine-color-amber-4))',
  '--postern-warn-text': 'light-dark(var(--mantine-color-amber-7), var(--mantine-color-amber-3))',
  '--postern-added-soft': 'light-dark(#eaf7ee, color-mix(in srgb, #2f9e5b 16%, var(--mantine-color-body)))',
  '--postern-added-text': 'light-dark(#1b6b3a, #7fd6a0)',
  '--postern-removed-soft': 'var(--postern-refused-soft)',
  '--postern-removed-text': 'var(--postern-refused-text)',
  '--postern-link': 'light-dark(var(--mantine-color-accent-6), var(--mantine-color-accent-3))',
};

export const variables: CSSVariablesResolver = () => ({
  variables: { '--postern-header': '52px' },
  // Mantine's own values for a scheme would win over `variables`.
  light: colours,
  dark: colours,
});
