import { createTheme, type CSSVariablesResolver, type MantineColorsTuple } from '@mantine/core';

type Sized = { readonly size?: string };

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
      h1: { fontSize: '1.375rem', lineHeight: '1.3' },
      h2: { fontSize: '1rem', lineHeight: '1.4' },
      h3: { fontSize: '0.875rem', lineHeight: '1.4' },
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
    Button: {
      defaultProps: { size: 'sm', fw: 500 },
      vars: (_: unknown, { size }: Sized) => ({
        root:
          size === 'sm' ? { '--button-height': '34px', '--button-padding-x': '14px', '--button-fz': '0.8125rem' } : {},
      }),
    },
    Combobox: { defaultProps: { shadow: 'md', transitionProps: { duration: 100 } } },
    Drawer: {
      defaultProps: { transitionProps: { duration: 140 }, overlayProps: { backgroundOpacity: 0.35 } },
    },
    Input: {
      defaultProps: { size: 'sm' },
      vars: (_: unknown, { size }: Sized) => ({
        wrapper: size === 'sm' ? { '--input-height': '34px', '--input-fz': '0.8125rem' } : {},
      }),
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
    Paper: { defaultProps: { withBorder: true, radius: 'lg' } },
    Popover: { defaultProps: { shadow: 'md', transitionProps: { duration: 100 } } },
    Skeleton: { defaultProps: { radius: 'sm' } },
    Tabs: { defaultProps: { keepMounted: false } },
    Tooltip: {
      defaultProps: {
        openDelay: 300,
        transitionProps: { duration: 100 },
        events: { hover: true, focus: true, touch: true },
      },
    },
  },
});

/** Colours that differ between light and dark. Pages use only these. */
export const variables: CSSVariablesResolver = () => ({
  variables: { '--postern-header': '52px' },
  light: {
    '--mantine-color-body': '#ffffff',
    '--mantine-color-text': 'var(--mantine-color-gray-9)',
    '--mantine-color-dimmed': 'var(--mantine-color-gray-6)',
    '--mantine-color-default-border': 'var(--mantine-color-gray-3)',
    '--mantine-color-placeholder': '#737682',
    '--mantine-color-error': 'var(--postern-refused-text)',
    '--postern-side': '#fafafb',
    '--postern-side-hover': 'var(--mantine-color-gray-1)',
    '--postern-side-selected': '#eceef2',
    '--postern-raised': '#ffffff',
    '--postern-field': '#ffffff',
    '--postern-line': 'var(--mantine-color-gray-2)',
    '--postern-hover': '#f8f8fa',
    '--postern-selected': 'var(--mantine-color-accent-0)',
    '--postern-text-soft': 'var(--mantine-color-gray-7)',
    '--postern-faint': 'var(--mantine-color-gray-4)',
    '--postern-refused': 'var(--mantine-color-red-6)',
    '--postern-refused-text': 'var(--mantine-color-red-7)',
    '--postern-refused-soft': 'var(--mantine-color-red-0)',
    '--postern-warn': 'var(--mantine-color-amber-5)',
    '--postern-warn-text': 'var(--mantine-color-amber-7)',
    '--postern-warn-soft': 'var(--mantine-color-amber-0)',
    '--postern-added-soft': '#eaf7ee',
    '--postern-added-text': '#1b6b3a',
    '--postern-removed-soft': 'var(--mantine-color-red-0)',
    '--postern-removed-text': 'var(--mantine-color-red-7)',
    '--postern-link': 'var(--mantine-color-accent-6)',
  },
  dark: {
    '--mantine-color-body': 'var(--mantine-color-dark-8)',
    '--mantine-color-text': 'var(--mantine-color-dark-0)',
    '--mantine-color-dimmed': 'var(--mantine-color-dark-2)',
    '--mantine-color-default-border': 'var(--mantine-color-dark-5)',
    '--mantine-color-placeholder': '#858894',
    '--mantine-color-error': 'var(--postern-refused-text)',
    '--mantine-color-default': 'var(--mantine-color-dark-7)',
    '--mantine-color-default-hover': 'var(--mantine-color-dark-6)',
    '--mantine-color-red-outline': 'var(--mantine-color-red-4)',
    '--menu-item-hover': 'var(--mantine-color-dark-6)',
    '--postern-side': 'var(--mantine-color-dark-9)',
    '--postern-side-hover': '#16171c',
    '--postern-side-selected': '#1d1f26',
    '--postern-raised': 'var(--mantine-color-dark-7)',
    '--postern-field': '#16171b',
    '--postern-line': '#22242b',
    '--postern-hover': '#181a1f',
    '--postern-selected': '#1b2238',
    '--postern-text-soft': 'var(--mantine-color-dark-1)',
    '--postern-faint': 'var(--mantine-color-dark-4)',
    '--postern-refused': 'var(--mantine-color-red-4)',
    '--postern-refused-text': 'var(--mantine-color-red-3)',
    '--postern-refused-soft': 'color-mix(in srgb, var(--mantine-color-red-6) 16%, var(--mantine-color-body))',
    '--postern-warn': 'var(--mantine-color-amber-4)',
    '--postern-warn-text': 'var(--mantine-color-amber-3)',
    '--postern-warn-soft': 'color-mix(in srgb, var(--mantine-color-amber-6) 16%, var(--mantine-color-body))',
    '--postern-added-soft': 'color-mix(in srgb, #2f9e5b 16%, var(--mantine-color-body))',
    '--postern-added-text': '#7fd6a0',
    '--postern-removed-soft': 'var(--postern-refused-soft)',
    '--postern-removed-text': 'var(--mantine-color-red-3)',
    '--postern-link': 'var(--mantine-color-accent-3)',
  },
});
