import { DEFAULT_PORT, runProcess } from '@postern/service-kit';
import { loadUpstreamUrls } from './gateway-settings.js';
import { startGateway } from './gateway.js';

runProcess('The gateway', DEFAULT_PORT, (settings) => startGateway(settings, loadUpstreamUrls(process.env)));
