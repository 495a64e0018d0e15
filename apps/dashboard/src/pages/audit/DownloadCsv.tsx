import { Button } from '@mantine/core';
import { IconDownload } from '@tabler/icons-react';
import { csvLink } from './filter-denials.js';

export function DownloadCsv({ path, filters }: { readonly path: string; readonly filters: object }) {
  return (
    <Button
      component="a"
      variant="default"
      href={csvLink(path, filters)}
      download
      leftSection={<IconDownload size={16} stroke={1.75} aria-hidden />}
    >
      Download CSV
    </Button>
  );
}
